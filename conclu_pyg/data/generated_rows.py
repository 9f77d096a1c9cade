"""Arrays whose rows are generated when they are first read, and then kept."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from conclu_pyg.data.lazy_rows import Rows
from conclu_pyg.errors import ConcluError


class Field(NamedTuple):
    """An array that is generated.

    Attributes:
        shape: of a row.
        dtype: of the array.
    """

    shape: tuple[int, ...]
    dtype: type[np.generic]


class Generated:
    """Arrays of the same length whose rows are generated together.

    Processes that are forked share the rows, so a row that a worker of a data loader generates is there for the next
    epoch's workers, too. Other processes generate their own.

    Args:
        make: returns the row of a number for each field, always the same.
        length: number of rows.
        fields: by name.
    """

    def __init__(
        self, make: Callable[[int], Mapping[str, np.ndarray]], length: int, fields: Mapping[str, Field]
    ) -> None:
        self._make, self._fields, self.length = make, fields, length
        self._allocate()

    def _allocate(self) -> None:
        self.arrays = {name: _shared((self.length, *field.shape), field.dtype) for name, field in self._fields.items()}
        self._is_made = _shared((self.length,), np.bool_)

    def generate(self, index: Any) -> None:
        """Generates the rows of an index that are not there."""
        rows = np.unique(np.arange(self.length)[index])
        for row in rows[~self._is_made[rows]].tolist():
            for name, value in self._make(row).items():
                self.arrays[name][row] = value
            self._is_made[row] = True

    def rows(self, name: str) -> GeneratedRows:
        """Returns the array of a field."""
        return GeneratedRows(self, name)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("arrays", "_is_made")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._allocate()


class GeneratedRows(Rows):
    """One array of :class:`Generated`."""

    def __init__(self, generated: Generated, name: str) -> None:
        self._generated, self._name = generated, name

    @property
    def shape(self) -> tuple[int, ...]:
        return self._generated.arrays[self._name].shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._generated.arrays[self._name].dtype

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        self._generated.generate(index)
        rows: np.ndarray = self._generated.arrays[self._name][index]
        return rows


def _shared(shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    """Returns an array of zeros that forked processes share. It takes memory only where it is written.

    Raises:
        ConcluError: the array is larger than the memory.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    try:
        memory = mmap.mmap(-1, max(size, 1))
    except (OSError, OverflowError) as error:
        raise ConcluError(
            f"expected clouds that fit into the memory, got {size / 1e9:,.0f} GB; give fewer or smaller clouds."
        ) from error
    return np.frombuffer(memory, dtype, count=math.prod(shape)).reshape(shape)
