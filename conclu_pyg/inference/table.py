"""CSV tables of results. Cells are printable, and none is run as a formula by a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from conclu_pyg.csv_text import csv_line
from conclu_pyg.files import atomic_write
from conclu_pyg.text import to_cell


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a CSV file in UTF-8, atomically.

    Raises:
        OSError: the file cannot be written.
    """
    text = "".join(_line(row) for row in (columns, *rows))
    with atomic_write(path) as file:
        file.write(text.encode("utf-8", "replace"))


class TableFile:
    """A CSV file in UTF-8 that grows row by row: after an interruption it has all rows that were added.

    Args:
        path: the file, which is replaced.
        columns: the first line.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        write_table(path, columns, [])
        self._file = path.open("ab")

    def add(self, row: Sequence[object]) -> None:
        """Writes a row.

        Raises:
            OSError: the row cannot be written.
        """
        self._file.write(_line(row).encode("utf-8", "replace"))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _line(row: Sequence[object]) -> str:
    return csv_line([to_cell(value) for value in row])
