"""Files that cannot be used: the first one stops the reading, or a few are skipped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from conclu_pyg.data.read_report import ReadReport, Skip
from conclu_pyg.errors import DataError


class SkipPolicy:
    """Decides about each file with problems.

    Args:
        on_error: ``raise`` or ``skip``.
        max_skipped: the largest share of the files that may have problems, rounded up.
        report: where skipped files are listed.
        title: the name of the split in messages.
    """

    def __init__(self, on_error: Literal["raise", "skip"], max_skipped: float, report: ReadReport, title: str) -> None:
        self.on_error, self.max_skipped, self.report, self.title = on_error, max_skipped, report, title
        self.num_skipped = 0

    def add(self, path: Path, problems: Sequence[str]) -> None:
        """Lists a file with its problems; called once for each file.

        Args:
            path: the file.
            problems: the message of each error, of the file or of a cloud in it.

        Raises:
            DataError: nothing is skipped, or more files have problems than may have.
        """
        if not problems:
            return
        if self.on_error == "raise":
            raise DataError(f"{problems[0]} (dataset.on_error=skip leaves out such files.)", file=path)
        self.report.skips += [Skip(str(path), problem) for problem in problems]
        self.num_skipped += 1
        most = math.ceil(round(self.max_skipped * self.report.num_files, 6))  # 0.07 x 100 is a little above 7
        if self.num_skipped > most:
            raise DataError(
                f"{self.title}: {self.num_skipped:,} of {self.report.num_files:,} files cannot be used so far, "
                f"and dataset.max_skipped={self.max_skipped:g} allows {most:,} ({self.report.first()}); restore them, "
                "or give a larger dataset.max_skipped.",
                file=path,
                argument="max_skipped",
                got=self.num_skipped,
            )
