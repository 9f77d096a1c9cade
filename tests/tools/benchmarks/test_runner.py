import math

import pytest
import torch

from benchmarks.report import Row
from benchmarks.runner import Runner, fit_exponent

MB = 1_000_000


@pytest.fixture
def runner() -> Runner:
    return Runner("step", torch.device("cpu"), quick=True)


def allocate(megabytes: int) -> torch.Tensor:
    return torch.zeros(megabytes * MB, dtype=torch.uint8)


def test_each_reference_adds_a_row_with_the_same_measurement_of_ours(runner: Runner) -> None:
    references = {"plain": lambda: allocate(8), "theirs": lambda: allocate(4)}
    plain, theirs = runner.compare("small", lambda: allocate(2), references)
    assert runner.report.rows == [plain, theirs]
    assert [row.setting for row in (plain, theirs)] == ["small, against plain", "small, against theirs"]
    assert plain.case == "step" and (plain.ours_s, plain.ours_peak_mb) == (theirs.ours_s, theirs.ours_peak_mb)
    for row, memory_ratio in ((plain, 4), (theirs, 2)):
        assert row.reference_s is not None
        assert row.ratios == (row.reference_s / row.ours_s, pytest.approx(memory_ratio, rel=0.05))


def test_without_a_reference_there_is_one_row(runner: Runner) -> None:
    (row,) = runner.compare("small", lambda: allocate(2), {})
    assert row == Row("step", "small", row.ours_s, None, None, row.ours_peak_mb, None)
    assert row.ours_peak_mb == pytest.approx(2, rel=0.05)


def test_a_line_has_a_row_for_each_value_and_the_exponents(runner: Runner) -> None:
    runner.line("DGCNN", "N", {n: (lambda n=n: lambda: allocate(n * n // MB)) for n in (1_000, 4_000)})
    (line,), rows = runner.report.lines, runner.report.rows
    assert [row.setting for row in rows] == ["DGCNN, N = 1,000", "DGCNN, N = 4,000"]
    assert (line.case, line.series, line.variable, line.values) == ("step", "DGCNN", "N", [1_000, 4_000])
    assert line.seconds == [row.ours_s for row in rows] and line.peak_mb == [row.ours_peak_mb for row in rows]
    assert line.memory_exponent == pytest.approx(2, rel=0.05)
    (note,) = runner.report.notes
    assert (
        note.sentence == f"DGCNN: time as N^{line.time_exponent:.2f} and peak memory as N^{line.memory_exponent:.2f}."
    )


def test_quick_runs_use_the_small_sizes_and_one_round() -> None:
    calls: list[None] = []
    for quick, size in ((False, "full"), (True, "tiny")):
        assert Runner("step", torch.device("cpu"), quick).size("full", "tiny") == size
    Runner("step", torch.device("cpu"), quick=True).compare("small", lambda: calls.append(None), {})
    assert len(calls) == 3  # two to warm up


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 1.0, 2.5])
def test_the_exponent_of_a_power_law_is_found(exponent: float) -> None:
    values = [3, 9, 20, 500]
    assert fit_exponent(values, [7 * value**exponent for value in values]) == pytest.approx(exponent, abs=1e-9)


def test_the_exponent_is_a_least_squares_slope() -> None:
    assert fit_exponent([1, 2, 4], [1, 3, 3]) == pytest.approx(math.log(3) / math.log(4))


@pytest.mark.parametrize(("values", "measured"), [([4], [1.0]), ([1, 2], [0.0, 1.0]), ([], [])])
def test_without_two_positive_points_there_is_no_exponent(values: list[int], measured: list[float]) -> None:
    assert fit_exponent(values, measured) is None
