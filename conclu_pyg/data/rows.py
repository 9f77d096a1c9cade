"""Some rows of an array, which are read where they are indexed, so that a memory map is never copied whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

BLOCK = 1 << 20  # values that a block has at most, unless one row has more


class Rows:
    """The rows of an array, in any order, that are copied when they are indexed; ``numpy.asarray`` copies them all.

    Args:
        array: an array, a memory map, or rows of one.
        rows: the numbers of the rows.

    Shapes:
        - **array:** ``[m, ...]``, **rows:** integers ``[n]``; this stands for ``[n, ...]``
    """

    def __init__(self, array: np.ndarray | Rows, rows: np.ndarray) -> None:
        self._array, self._rows = array, rows

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._rows), *self._array.shape[1:])

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """One row or several: by number, a slice, a list of numbers or a mask."""
        return self._array[self._rows[index]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("rows of an array cannot be had without a copy.")
        return np.asarray(self[:], dtype=dtype)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.shape)}, {self.dtype})"


def blocks(array: np.ndarray | Rows) -> Iterator[tuple[slice, np.ndarray]]:
    """The array in pieces of whole rows, about a million values each, and which rows they are."""
    size = max(1, BLOCK // max(1, int(np.prod(array.shape[1:]))))
    for first in range(0, len(array), size):
        rows = slice(first, min(first + size, len(array)))
        yield rows, np.asarray(array[rows])
