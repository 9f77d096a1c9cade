"""Metrics of generated clouds, by plain loops and SciPy."""

import math

import pytest
import torch
from scipy.spatial.distance import jensenshannon

from conclu_pyg.metrics.generation import (
    coverage,
    jensen_shannon_divergence,
    minimum_matching_distance,
    pairwise_chamfer,
)


def chamfer(a: list[list[float]], b: list[list[float]]) -> float:
    there = sum(min(math.dist(x, y) ** 2 for y in b) for x in a) / len(a)
    return there + sum(min(math.dist(x, y) ** 2 for x in a) for y in b) / len(b)


def test_distances_are_those_of_each_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.metrics.generation.BATCH", 4)
    a, b = torch.randn(3, 6, 3, dtype=torch.double), torch.randn(5, 4, 3, dtype=torch.double)
    expected = [[chamfer(x, y) for y in b.tolist()] for x in a.tolist()]
    assert torch.allclose(pairwise_chamfer(a, b), torch.tensor(expected, dtype=torch.double))


def test_coverage_and_matching_distance_by_hand() -> None:
    distance = torch.tensor([[0.1, 0.5, 0.9], [0.2, 0.3, 0.4]])  # both are nearest to the first reference
    assert coverage(distance) == pytest.approx(1 / 3)
    assert minimum_matching_distance(distance) == pytest.approx((0.1 + 0.3 + 0.4) / 3)


def test_a_copy_of_the_reference_is_perfect() -> None:
    clouds = torch.rand(4, 20, 3) - 0.5
    distance = pairwise_chamfer(clouds.flip(0), clouds)
    assert coverage(distance) == 1 and minimum_matching_distance(distance) == 0
    assert jensen_shannon_divergence(clouds.flip(0), clouds) == 0


def test_the_divergence_is_scipys_of_the_counts_in_cells() -> None:
    a, b = 0.5 * torch.randn(3, 50, 3), 0.5 * torch.randn(2, 70, 3) + 0.2
    counts = []
    for points in (a, b):
        count = torch.zeros(4, 4, 4)
        for point in points.view(-1, 3).tolist():
            count[tuple(min(3, max(0, math.floor((x + 1) / 2 * 4))) for x in point)] += 1
        counts.append(count.flatten().numpy())
    expected = jensenshannon(*counts, base=2) ** 2
    assert jensen_shannon_divergence(a, b, cells=4) == pytest.approx(expected)
    far = torch.full((1, 5, 3), 0.9)
    assert jensen_shannon_divergence(far, -far) == 1
