"""Measurement settings of a case, and the recording of its results."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from benchmarks.measure import MIN_ROUNDS, Call, Measurement, time_interleaved
from benchmarks.report import Line, Note, Report, Row

T = TypeVar("T")

logger = logging.getLogger(__name__)

BUDGET = 10.0  # seconds of timed rounds for each comparison


@dataclass(frozen=True)
class Runner:
    """Measures the calls of a case and adds the results to a report.

    Attributes:
        case: name of the case.
        device: device of all measurements.
        quick: tiny sizes and a single round, as a smoke test (default: false).
        against: another checkout of the project, for cases that compare two (default: none).
        report: receives rows, lines and notes (default: an empty one).
    """

    case: str
    device: torch.device
    quick: bool = False
    against: Path | None = None
    report: Report = field(default_factory=lambda: Report({}))

    def size(self, full: T, quick: T) -> T:
        """Return the sizes of a full or of a quick run."""
        return quick if self.quick else full

    def measure(self, setting: str, *calls: Call) -> list[Measurement]:
        """Measure calls in interleaved rounds, without recording them."""
        logger.info("%s", setting)
        return time_interleaved(calls, self.device, self.size(BUDGET, 0.0), self.size(MIN_ROUNDS, 1))

    def compare(self, setting: str, ours: Call, references: Mapping[str, Call]) -> list[Row]:
        """Measure a call and its references in the same rounds; add a row for each reference, or one without any."""
        found, *others = self.measure(setting, ours, *references.values())
        if not references:
            return [self.add_row(setting, found)]
        pairs = zip(references, others, strict=True)
        return [self.add_row(f"{setting}, against {name}", found, other) for name, other in pairs]

    def line(self, series: str, variable: str, calls: Mapping[int, Callable[[], Call]]) -> None:
        """Measure a call for each value of ``variable``; add the rows, the line through them and a note on its slopes.

        Args:
            series: what is measured, with the sizes that are fixed.
            variable: name of the size that varies.
            calls: a factory of the call for each value; only one call exists at a time.
        """
        found: list[Measurement] = []
        for value, make_call in calls.items():
            setting = f"{series}, {variable} = {value:,}"
            found += self.measure(setting, make_call())
            self.add_row(setting, found[-1])
        values, seconds, peaks = list(calls), [item.seconds for item in found], [item.peak_mb for item in found]
        exponents = fit_exponent(values, seconds), fit_exponent(values, peaks)
        self.report.lines.append(Line(self.case, series, variable, values, seconds, peaks, *exponents))
        named = zip(("time", "peak memory"), exponents, strict=True)
        fitted = [f"{name} as {variable}^{exponent:.2f}" for name, exponent in named if exponent is not None]
        if fitted:
            self.note(f"{series}: {' and '.join(fitted)}.")

    def note(self, sentence: str) -> None:
        self.report.notes.append(Note(self.case, sentence))

    def add_row(self, setting: str, ours: Measurement, reference: Measurement | None = None) -> Row:
        row = Row(self.case, setting, ours.seconds, ours_peak_mb=ours.peak_mb)
        if reference is not None:
            ratio = reference.seconds / ours.seconds
            row = Row(self.case, setting, ours.seconds, reference.seconds, ratio, ours.peak_mb, reference.peak_mb)
        self.report.rows.append(row)
        return row


def fit_exponent(values: Sequence[float], measured: Sequence[float]) -> float | None:
    """Return the least-squares slope in log-log space; None for fewer than two points or a measured 0."""
    if len(values) < 2 or min(measured) <= 0:
        return None
    return float(np.polyfit(np.log(values), np.log(measured), 1)[0])
