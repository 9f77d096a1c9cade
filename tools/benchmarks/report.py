"""Benchmark records and their JSON file."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from conclu_pyg.errors import ConcluError
from conclu_pyg.files import atomic_write

SHARES = ("views", "roofline")  # cases whose reference is not an alternative: a note gives the share instead of a ratio


@dataclass(frozen=True)
class Row:
    """Median seconds and peak megabytes of a call and of its reference, if any; ratio is reference / ours."""

    case: str
    setting: str
    ours_s: float
    reference_s: float | None = None
    ratio: float | None = None
    ours_peak_mb: float | None = None
    reference_peak_mb: float | None = None

    @property
    def ratios(self) -> tuple[float | None, float | None]:
        """Ratios of time and of memory; None without a reference that is an alternative to ours."""
        if self.case in SHARES:
            return None, None
        ours, reference = self.ours_peak_mb, self.reference_peak_mb
        return self.ratio, reference / ours if reference and ours else None


@dataclass(frozen=True)
class Line:
    """Time and memory against a size that varies, such as N, with the slopes in log-log space."""

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
    """A sentence about a case."""

    case: str
    sentence: str


@dataclass(frozen=True)
class Run:
    """Date, command and duration of the measurement of a case."""

    case: str
    date: str
    command: str
    seconds: float


PARTS: dict[str, type[Any]] = {"runs": Run, "rows": Row, "lines": Line, "notes": Note}


@dataclass(frozen=True)
class Report:
    """All measurements of one machine, see :func:`benchmarks.machine.machine_facts`."""

    machine: dict[str, Any]
    runs: list[Run] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def write_report(path: Path, report: Report) -> None:
    """Write the JSON file atomically."""
    with atomic_write(path) as file:
        file.write((json.dumps(asdict(report), indent=2, allow_nan=False) + "\n").encode())


def read_report(path: Path) -> Report:
    """Read a file written by :func:`write_report`; raises ConcluError if it has other contents."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parts = {name: [kind(**entry) for entry in content[name]] for name, kind in PARTS.items()}
        return Report(dict(content["machine"]), **parts)
    except (ValueError, KeyError, TypeError) as error:
        raise ConcluError(f"{path} was not written by tools/benchmark.py; choose another file.") from error


def start_report(path: Path | None, machine: dict[str, Any], cases: Collection[str]) -> Report:
    """Return a report with the entries of the file, if it exists, except those of ``cases``, which are measured again.

    Raises:
        ConcluError: the file has other contents, or its other cases were measured on another machine or other versions.
    """
    if path is None or not path.exists():
        return Report(machine)
    old = read_report(path)
    kept = {name: [entry for entry in getattr(old, name) if entry.case not in cases] for name in PARTS}
    for key, value in machine.items():
        if kept["runs"] and old.machine.get(key) != value:
            raise ConcluError(
                f"{path} has cases measured with {key}={old.machine.get(key)!r}, but now {key}={value!r}; choose "
                "another file, or measure all its cases again."
            )
    return Report(machine, **kept)
