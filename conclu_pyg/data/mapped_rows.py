"""Memory-mapped arrays whose rows are compared with their checksums when they are first read."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.data.lazy_rows import Rows
from conclu_pyg.errors import DataError

SAMPLED_ROWS = 64  # that are checked when an array is opened


class MappedRows(Rows):
    """A read-only ``.npy`` file with a checksum of each row.

    Evenly spaced rows are checked when the file is opened, each other row when a process first reads it: a check of the
    whole file at once would read clouds that are not needed yet, from a disk that may hold more than the memory.

    A copy in another process maps the file too, instead of receiving its content.

    Args:
        path: the file.
        checksums: of each row, by :func:`row_checksum`.
        names: the name of each row in messages.

    Shapes:
        - **file:** ``[n, ...]``, **checksums:** uint32 ``[n]``

    Raises:
        OSError, ValueError: the file cannot be read or is no such array.
        DataError: a row was changed since it was written.
    """

    def __init__(self, path: Path, checksums: np.ndarray, names: Sequence[str]) -> None:
        self._path, self._checksums, self._names = path, checksums, names
        self._open()
        if len(self._array) != len(checksums):
            raise ValueError(f"{path}: expected {len(checksums)} rows, got {len(self._array)}.")
        if len(self):
            self[np.unique(np.linspace(0, len(self) - 1, SAMPLED_ROWS).astype(int))]

    def _open(self) -> None:
        self._array = np.load(self._path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
        self._is_checked = np.zeros(len(self._checksums), dtype=bool)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """Returns one row or several: by number, slice, list of numbers or mask.

        Raises:
            DataError: a row was changed since it was written.
        """
        rows: np.ndarray = self._array[index]
        if not self._is_checked[index].all():
            self._check(rows.reshape(-1, *self.shape[1:]), index)
        return rows

    def _check(self, rows: np.ndarray, index: Any) -> None:
        found = np.array([row_checksum(row) for row in rows], dtype=np.uint32)
        wrong = found != self._checksums[index]
        if wrong.any():
            number = int(np.arange(len(self))[index].reshape(-1)[wrong.argmax()])
            raise DataError(
                f"{self._path}: the cloud {self._names[number]} was changed since it was written, by the disk or by "
                f"another program (its checksum differs); delete the folder {self._path.parent} and start again, so "
                "that it is built from the data set again.",
                file=self._path,
            )
        self._is_checked[index] = True

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_array", "_is_checked")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()


def row_checksum(row: np.ndarray) -> int:
    """Returns the CRC-32 of the values of a row, which takes a microsecond for 3 kB."""
    return zlib.crc32(np.ascontiguousarray(row).data)
