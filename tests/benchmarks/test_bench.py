from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from conclu_pyg.benchmarks import bench as bench_module
from conclu_pyg.benchmarks.bench import BUDGET, Bench
from conclu_pyg.benchmarks.measure import Measured
from conclu_pyg.benchmarks.report import Line, Row

CPU = torch.device("cpu")
asked: list[dict[str, Any]] = []


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call gives its seconds, and ten times as many megabytes."""

    def alternate(
        calls: Mapping[str, Callable[[], float]], device: torch.device, budget: float, say: Any, least: int
    ) -> dict[str, Measured]:
        asked.append({"names": list(calls), "budget": budget, "least": least})
        return {name: Measured(call(), 10 * call()) for name, call in calls.items()}

    asked.clear()
    monkeypatch.setattr(bench_module, "alternate", alternate)


def test_each_reference_makes_a_row_from_the_same_rounds() -> None:
    rows = list(Bench(CPU).compare("step", "small", lambda: 2.0, {"plain": lambda: 8.0, "theirs": lambda: 3.0}))
    assert rows == [
        Row("step", "small, against plain", 2.0, 8.0, 4.0, 20.0, 80.0),
        Row("step", "small, against theirs", 2.0, 3.0, 1.5, 20.0, 30.0),
    ]
    assert [call["names"] for call in asked] == [["small, ours", "small, plain", "small, theirs"]]


def test_without_a_reference_there_is_one_row_with_nothing_in_its_place() -> None:
    assert list(Bench(CPU).compare("step", "small", lambda: 2.0, {})) == [
        Row("step", "small", 2.0, None, None, 20.0, None)
    ]


def test_a_line_has_a_row_for_each_value_and_the_exponents() -> None:
    *rows, line = Bench(CPU).line("scaling", "DGCNN", "N", {n: (lambda n=n: lambda: n**2) for n in (10, 1000)})
    assert [row.setting for row in rows if isinstance(row, Row)] == ["DGCNN, N = 10", "DGCNN, N = 1,000"]
    assert isinstance(line, Line) and (line.series, line.variable, line.values) == ("DGCNN", "N", [10, 1000])
    assert line.seconds == [100, 10**6] and line.peak_mb == [1000, 10**7]
    assert line.time_exponent == pytest.approx(2) and line.memory_exponent == pytest.approx(2)


def test_quick_is_small_and_one_round() -> None:
    assert Bench(CPU).pick("full", "tiny") == "full" and Bench(CPU, quick=True).pick("full", "tiny") == "tiny"
    for quick in (False, True):
        list(Bench(CPU, quick).compare("step", "small", lambda: 1.0, {}))
    assert [(call["budget"], call["least"]) for call in asked] == [(BUDGET, 3), (0, 1)]
