"""What every case is given: the device, how long it may take, and the comparison that makes rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch

from conclu_pyg.benchmarks.measure import LEAST_ROUNDS, Call, Measured, alternate
from conclu_pyg.benchmarks.report import Line, Note, Row, fit_exponent

T = TypeVar("T")
Entry = Row | Line | Note

BUDGET = 10.0  # seconds of timed rounds for each comparison


def _silent(status: str) -> None:
    pass


@dataclass(frozen=True)
class Bench:
    """Settings of a run and its way of measuring.

    Attributes:
        device: where everything is measured.
        quick: tiny sizes and one round, to see that everything goes (default: false).
        say: is told what is going on (default: nobody is).
    """

    device: torch.device
    quick: bool = False
    say: Callable[[str], None] = _silent

    def pick(self, full: T, quick: T) -> T:
        """The sizes of a case: the second where it is to be quick."""
        return quick if self.quick else full

    @property
    def budget(self) -> float:
        return self.pick(BUDGET, 0.0)

    def measure(self, calls: Mapping[str, Call]) -> dict[str, Measured]:
        """Time and memory of each call, in turns."""
        return alternate(calls, self.device, self.budget, self.say, least=self.pick(LEAST_ROUNDS, 1))

    def compare(self, case: str, setting: str, ours: Call, references: Mapping[str, Call]) -> Iterator[Row]:
        """A row for each reference, all measured in the same rounds; one without a reference where there are none.

        Args:
            case: of the rows.
            setting: the sizes; the reference's name follows them.
            ours: the call that is compared.
            references: by name.
        """
        calls = {f"{setting}, {name}": call for name, call in {"ours": ours, **references}.items()}
        found, *others = self.measure(calls).values()
        if not references:
            yield make_row(case, setting, found)
        for name, other in zip(references, others, strict=True):
            yield make_row(case, f"{setting}, against {name}", found, other)

    def line(self, case: str, series: str, variable: str, calls: Mapping[int, Callable[[], Call]]) -> Iterator[Entry]:
        """A row without reference for each value of ``variable``, and the line through them.

        Args:
            case: of the rows and the line.
            series: what is measured, with the sizes that do not vary.
            variable: what varies.
            calls: by value, what makes the call; one exists at a time.
        """
        values = list(calls)
        found: list[Measured] = []
        for value, make in calls.items():
            setting = f"{series}, {variable} = {value:,}"
            measured = self.measure({setting: make()})
            found += measured.values()
            yield make_row(case, setting, found[-1])
        times, peaks = [item.seconds for item in found], [item.peak_mb for item in found]
        yield Line(
            case, series, variable, values, times, peaks, fit_exponent(values, times), fit_exponent(values, peaks)
        )


def make_row(case: str, setting: str, ours: Measured, reference: Measured | None = None) -> Row:
    """Both measurements as a row."""
    if reference is None:
        return Row(case, setting, ours.seconds, ours_peak_mb=ours.peak_mb)
    ratio = reference.seconds / ours.seconds
    return Row(case, setting, ours.seconds, reference.seconds, ratio, ours.peak_mb, reference.peak_mb)
