"""Files that were skipped while a split was read, and notices about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from conclu_pyg.csv_text import csv_line
from conclu_pyg.files import durable_write
from conclu_pyg.text import pluralize, to_cell

SKIPPED = "skipped.csv"  # in the folder of a cache entry
COLUMNS = ["file", "reason"]
MAX_NAMED = 3  # files that a summary names


class Skip(NamedTuple):
    """A file, or a cloud in it, that was left out, and why."""

    file: str
    reason: str


@dataclass
class ReadReport:
    """What a generator of clouds has to report, filled while its clouds are read.

    Attributes:
        num_files: the number of files.
        skips: the files and clouds that were left out.
        notices: further sentences for the user.
    """

    num_files: int
    skips: list[Skip] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def num_skipped(self) -> int:
        """The number of files of which something was left out."""
        return len({skip.file for skip in self.skips})

    def first(self) -> str:
        """Returns the first few reasons as text."""
        more = "; …" if len(self.skips) > MAX_NAMED else ""
        return "; ".join(skip.reason.rstrip(".") for skip in self.skips[:MAX_NAMED]) + more

    def summary(self, title: str) -> str:
        """Returns a sentence about what was left out, without its full stop."""
        files = f"{self.num_skipped:,} of {pluralize(self.num_files, 'file')}"
        return f"{title}: {files} could not be used or not completely, and were skipped ({self.first()})"

    def write(self, folder: Path) -> None:
        """Writes the list of what was left out into a folder."""
        rows: list[list[object]] = [[*COLUMNS], *([to_cell(value) for value in skip] for skip in self.skips)]
        with durable_write(folder / SKIPPED) as file:
            file.write("".join(csv_line(row) for row in rows).encode("utf-8"))
