"""Row selections of arrays that are copied only when indexed, so that a memory map is never copied as a whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

BLOCK = 1 << 20  # most values in a block, unless a single row has more


class Rows(ABC):
    """An array on the disk or a selection of one: read where it is indexed; ``numpy.asarray`` copies all of it."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]: ...

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]: ...

    @abstractmethod
    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """Returns one row or several: by number, slice, list of numbers or mask."""

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError(f"{type(self).__name__} cannot be converted to an array without a copy.")
        return np.array(self[:], dtype=dtype)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.shape)}, {self.dtype})"


class LazyRows(Rows):
    """Selected rows of an array, in any order, copied when they are indexed.

    Args:
        array: an array, a memory map, or a row selection of one.
        rows: the row numbers.

    Shapes:
        - **array:** ``[m, ...]``, **rows:** integers ``[n]``; the selection has the shape ``[n, ...]``
    """

    def __init__(self, array: np.ndarray | Rows, rows: np.ndarray) -> None:
        self._array, self._rows = array, rows

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._rows), *self._array.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        return self._array[self._rows[index]]


def iter_blocks(array: np.ndarray | Rows) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields the array in blocks of whole rows, about a million values each, with the slice of each block."""
    size = max(1, BLOCK // max(1, int(np.prod(array.shape[1:]))))
    for first in range(0, len(array), size):
        rows = slice(first, min(first + size, len(array)))
        yield rows, np.asarray(array[rows])
