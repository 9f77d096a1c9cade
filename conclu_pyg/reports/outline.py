"""The sections of a report as they are made, and the reasons for those that are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from conclu_pyg.errors import ConcluError
from conclu_pyg.extras import EXTRAS, missing_extra
from conclu_pyg.reports.clouds import ReportClouds
from conclu_pyg.vis.report.blocks import Listing
from conclu_pyg.vis.report.page import Section, write_report

T = TypeVar("T")


class Written(NamedTuple):
    """A report that was written.

    Attributes:
        path: the file.
        sections: the titles of its sections.
        left_out: a sentence for each section that could not be made.
        clouds: the number of clouds that it shows.
        refused: a sentence for each file or cloud that was read for the report and cannot be used.
    """

    path: Path
    sections: tuple[str, ...]
    left_out: tuple[str, ...]
    clouds: int
    refused: tuple[str, ...] = ()


class Outline:
    """Collects the sections of a report."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.left_out: list[str] = []

    def add(self, section: Section | None) -> None:
        """Adds a section; ``None`` is none."""
        if section is not None:
            self.sections.append(section)

    def attempt(self, name: str, make: Callable[[], T]) -> T | None:
        """Returns what a function makes, or ``None`` if it cannot be made, for which the report states the reason.

        Args:
            name: the part of the report, such as ``clusters``.
            make: the function.
        """
        try:
            return make()
        except ConcluError as error:
            reason = str(error)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package not in EXTRAS:
                raise
            reason = missing_extra(package) + "."
        self.leave_out(f"{name}: {reason}")
        return None

    def leave_out(self, sentence: str) -> None:
        """States that something is not in the report."""
        self.left_out.append(sentence)

    def write(
        self,
        path: Path,
        title: str,
        lines: Sequence[str] = (),
        skipped: Sequence[str] = (),
        clouds: ReportClouds | None = None,
    ) -> Written:
        """Writes the report.

        Args:
            path: the HTML file to write.
            title: the heading.
            lines: sentences below it.
            skipped: a sentence for each file or cloud that was not used.
            clouds: the clouds whose rows the sections name (default: none).

        Raises:
            OSError: the file cannot be written.
        """
        pictured = None
        if clouds is not None:
            detailed = {row for section in self.sections for block in section.blocks for row in block.rows}
            pictured = clouds.pictures(detailed)
            if missing := sum(not len(points) for points in pictured.points):
                self.leave_out(f"pictures of {missing:,} of {len(clouds):,} clouds, which can no longer be read.")
        sections = list(self.sections)
        if self.left_out:
            sections.append(Section("Left out of this report", [Listing(self.left_out)]))
        if skipped:
            sections.append(Section("Skipped clouds", [Listing(skipped)]))
        write_report(path, title, sections, lines, pictured)
        count = 0 if clouds is None else len(clouds)
        return Written(path, tuple(section.title for section in sections), tuple(self.left_out), count)
