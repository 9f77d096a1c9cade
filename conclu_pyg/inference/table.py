"""CSV tables of results."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from conclu_pyg.files import atomic_write
from conclu_pyg.text import to_cell


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a CSV file in UTF-8, atomically. Cells are printable, and none is run as a formula by a spreadsheet.

    Raises:
        OSError: the file cannot be written.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(columns)
    table.writerows([to_cell(value) for value in row] for row in rows)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode("utf-8", "replace"))
