"""Metrics as ``metrics.csv`` in the run's folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conclu_pyg.csv_text import csv_line
from conclu_pyg.files import atomic_write
from conclu_pyg.loggers.base import Logger, Row
from conclu_pyg.registry import LOGGERS

CSV_NAME = "metrics.csv"


@LOGGERS.register_module(name="csv")
class CsvLogger(Logger):
    """Writes ``metrics.csv``, which ``curves.png`` and reports are made from.

    A row may have other columns than the rows before it. The header has all columns so far: if a row adds one, the file
    is rewritten as a whole. What a row lacks is left empty.
    """

    def start(self, folder: Path, config: Mapping[str, Any], history: Sequence[Row] | None) -> None:
        self.path = folder / CSV_NAME
        self._header: list[str] = []
        self._rows: list[Row] = []
        for row in history or ():
            self._add(row)
        if history or self.path.exists():
            self._rewrite()

    def write(self, row: Row) -> None:
        if self._add(row):
            self._rewrite()
        else:
            with self.path.open("ab") as file:
                file.write(self._line(row))

    def _add(self, row: Row) -> bool:
        """Add a row, and return whether it added a column."""
        new = [key for key in row if key not in self._header]
        self._header += new
        self._rows.append(row)
        return bool(new)

    def _rewrite(self) -> None:
        header = [csv_line(self._header).encode()] if self._header else []
        with atomic_write(self.path) as file:
            file.writelines([*header, *map(self._line, self._rows)])

    def _line(self, row: Row) -> bytes:
        # repr() of a float reads back as the same float
        return csv_line([repr(row[key]) if key in row else "" for key in self._header]).encode()


def read_metrics(folder: Path) -> dict[str, list[float]]:
    """Return the columns of a run's ``metrics.csv``; an empty field is NaN."""
    path = folder / CSV_NAME
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        reader = csv.DictReader(file, restval="")
        rows = list(reader)
    return {key: [float(row[key] or "nan") for row in rows] for key in reader.fieldnames or ()}
