"""Tests of significance against plain loops and closed forms."""

import math
import random
from itertools import permutations

import pytest

from conclu_pyg.reproduction.statistics import compare_with, critical_difference, holm, rank_rows


def draw(rows: int, seeds: int, seed: int) -> dict[str, list[float]]:
    generator = random.Random(seed)
    return {f"row {i}": [80 + i + generator.gauss(0, 1.5) for _ in range(seeds)] for i in range(rows)}


def test_the_paired_test_of_three_seeds_has_a_closed_form() -> None:
    """The t distribution with two degrees of freedom has P(|T| > t) = 1 - t / sqrt(2 + t^2)."""
    values = draw(4, 3, seed=0)
    for found in compare_with("row 0", values):
        differences = [x - y for x, y in zip(values[found.row], values["row 0"], strict=True)]
        mean = sum(differences) / 3
        deviation = math.sqrt(sum((d - mean) ** 2 for d in differences) / 2)
        t = abs(mean) / (deviation / math.sqrt(3))
        assert found.difference == pytest.approx(mean)
        assert found.p == pytest.approx(1 - t / math.sqrt(2 + t * t))


def test_holm_equals_its_loop() -> None:
    p = [0.04, 0.001, 0.03, 0.5, 0.03]
    expected: dict[int, float] = {}
    largest = 0.0
    for step, place in enumerate(sorted(range(5), key=lambda i: p[i])):
        largest = max(largest, min(1.0, (5 - step) * p[place]))
        expected[place] = largest
    assert holm(p) == pytest.approx([expected[i] for i in range(5)])
    assert holm([]) == []


def test_the_corrected_values_are_those_of_the_rows() -> None:
    found = compare_with("row 2", draw(5, 4, seed=3))
    assert [each.p_holm for each in found] == pytest.approx(holm([each.p for each in found]))
    assert {each.row for each in found} == {"row 0", "row 1", "row 3", "row 4"}


def test_equal_rows_and_constant_differences() -> None:
    values = {"a": [1.0, 2, 3], "b": [1.0, 2, 3], "c": [2.0, 3, 4], "d": [1.0, 2, 9]}
    found = {each.row: each for each in compare_with("a", values)}
    assert found["b"].p == 1.0
    assert math.isnan(found["c"].p) and math.isnan(found["c"].p_holm) and found["c"].difference == 1
    assert [found["d"].p_holm, found["b"].p_holm] == pytest.approx(holm([found["d"].p, 1.0]))


def ranks_by_loops(values: dict[str, list[float]]) -> dict[str, float]:
    total = dict.fromkeys(values, 0.0)
    seeds = len(next(iter(values.values())))
    for seed in range(seeds):
        for row in values:
            better = sum(values[other][seed] > values[row][seed] for other in values)
            equal = sum(values[other][seed] == values[row][seed] for other in values)
            total[row] += better + (equal + 1) / 2
    return {row: rank / seeds for row, rank in total.items()}


def test_ranks_and_friedmans_statistic_equal_loops() -> None:
    """With three rows the chi-square distribution has two degrees of freedom, where P(X > x) = exp(-x / 2)."""
    values = draw(3, 5, seed=1)
    found = rank_rows(values)
    assert found is not None and found.seeds == 5
    ranks = ranks_by_loops(values)
    assert dict(zip(found.rows, found.mean_ranks, strict=True)) == pytest.approx(ranks)
    k, n = 3, 5
    statistic = 12 * n / (k * (k + 1)) * (sum(rank**2 for rank in ranks.values()) - k * (k + 1) ** 2 / 4)
    assert found.p == pytest.approx(math.exp(-statistic / 2))


def test_ties_share_their_ranks_and_a_table_of_ties_is_not_significant() -> None:
    values = {"a": [1.0, 2.0, 2.0], "b": [1.0, 1.0, 2.0], "c": [0.0, 1.0, 2.0]}
    found = rank_rows(values)
    assert found is not None
    assert dict(zip(found.rows, found.mean_ranks, strict=True)) == pytest.approx(ranks_by_loops(values))
    tied = rank_rows({row: [1.0, 1.0, 1.0] for row in "abc"})
    assert tied is not None and tied.p == 1.0 and tied.mean_ranks == (2.0, 2.0, 2.0)


@pytest.mark.parametrize(("rows", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])  # Demšar (2006), table 5
def test_the_critical_difference_is_that_of_published_tables(rows: int, q: float) -> None:
    assert critical_difference(rows, 7) == pytest.approx(q * math.sqrt(rows * (rows + 1) / 42), rel=1e-3)


def test_the_order_of_rows_does_not_matter() -> None:
    values = draw(3, 3, seed=2)
    found = {order: rank_rows({row: values[row] for row in order}) for order in permutations(values)}
    assert len({round(each.p, 12) for each in found.values() if each}) == 1


def test_few_seeds_and_rows_are_not_tested() -> None:
    assert compare_with("row 0", draw(3, 2, seed=0)) == [] and compare_with("other", draw(3, 3, seed=0)) == []
    assert rank_rows(draw(3, 2, seed=0)) is None and rank_rows(draw(2, 3, seed=0)) is None and rank_rows({}) is None


def test_rows_without_all_seeds_are_left_out() -> None:
    values = {**draw(3, 3, seed=0), "failed": [80.0]}
    assert {each.row for each in compare_with("row 0", values)} == {"row 1", "row 2"}
    ranking = rank_rows(values)
    assert ranking is not None and "failed" not in ranking.rows
