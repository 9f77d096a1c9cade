"""What was measured, as rows of a JSON file with the facts about the machine beside them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import ConcluError
from conclu_pyg.files import atomic_write

SHARES = ("views", "roofline")  # cases whose reference is no other way of doing the same: a sentence gives the share


@dataclass(frozen=True)
class Row:
    """One comparison; what there is none of is None.

    Attributes:
        case: such as ``edge_conv``.
        setting: sizes, and what ours is compared with.
        ours_s, reference_s: median seconds of a call.
        ratio: ``reference_s / ours_s``.
        ours_peak_mb, reference_peak_mb: peak of tensor memory in a call above its start, in 10^6 bytes.
    """

    case: str
    setting: str
    ours_s: float
    reference_s: float | None = None
    ratio: float | None = None
    ours_peak_mb: float | None = None
    reference_peak_mb: float | None = None

    @property
    def compares(self) -> bool:
        """Whether the reference is what ours replaces, so that people should see how many times better it is."""
        return self.case not in SHARES


@dataclass(frozen=True)
class Line:
    """Time and memory of one thing against one size.

    Attributes:
        case: such as ``scaling``.
        series: what was measured, such as ``DGCNN``; the other sizes with it.
        variable: the size that varies, such as ``N``, and its ``values``.
        seconds, peak_mb: of each value.
        time_exponent, memory_exponent: slope of the line fitted to their logarithms; None where a value is 0.
    """

    case: str
    series: str
    variable: str
    values: list[int]
    seconds: list[float]
    peak_mb: list[float]
    time_exponent: float | None
    memory_exponent: float | None


@dataclass(frozen=True)
class Note:
    """A sentence on a case: what was left out and why, or what follows from its rows."""

    case: str
    sentence: str


@dataclass(frozen=True)
class Run:
    """When, by which command and for how long a case was measured."""

    case: str
    date: str
    command: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """All that was measured on one machine.

    Attributes:
        machine: the facts that figures depend on, see :func:`conclu_pyg.benchmarks.machine.machine_facts`.
    """

    machine: dict[str, Any]
    runs: list[Run] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def without(self, cases: Collection[str]) -> Report:
        """The report less all that belongs to ``cases``."""
        return replace(
            self,
            runs=[run for run in self.runs if run.case not in cases],
            rows=[row for row in self.rows if row.case not in cases],
            lines=[line for line in self.lines if line.case not in cases],
            notes=[note for note in self.notes if note.case not in cases],
        )

    def add(self, entry: Run | Row | Line | Note) -> None:
        parts: dict[type, list[Any]] = {Run: self.runs, Row: self.rows, Line: self.lines, Note: self.notes}
        parts[type(entry)].append(entry)


def fit_exponent(values: Sequence[float], measured: Sequence[float]) -> float | None:
    """The slope of the least-squares line through the logarithms; None for fewer than two points, or where one is 0."""
    if len(values) < 2 or min(measured) <= 0:
        return None
    return float(np.polyfit(np.log(values), np.log(measured), 1)[0])


def write_report(path: Path, report: Report) -> None:
    """Writes the JSON file, which stays whole at every moment."""
    with atomic_write(path) as file:
        file.write((json.dumps(asdict(report), indent=2, allow_nan=False) + "\n").encode())


def read_report(path: Path) -> Report:
    """Reads what :func:`write_report` wrote.

    Raises:
        ConcluError: the file is missing or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Report(
            machine=dict(content["machine"]),
            runs=[Run(**entry) for entry in content["runs"]],
            rows=[Row(**entry) for entry in content["rows"]],
            lines=[Line(**entry) for entry in content["lines"]],
            notes=[Note(**entry) for entry in content["notes"]],
        )
    except OSError as error:
        raise ConcluError(f"the benchmark's file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConcluError(f"{path} is no file of tools/benchmark.py; give another one.") from error
