"""Nearest points, by trees and by blocks, against the matrix of all distances."""

from typing import Any

import pytest
import torch
from torch import Tensor

from conclu_pyg.losses import nearest
from conclu_pyg.losses.nearest import nearest_points, search_by_blocks, search_by_trees


def draw(size: int = 3, n: int = 11, m: int = 7, dtype: torch.dtype = torch.double) -> tuple[Tensor, Tensor]:
    return torch.randn(size, n, 3, dtype=dtype), torch.randn(size, m, 3, dtype=dtype)


def by_matrix(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    distance = (a[:, :, None] - b[:, None]).square().sum(dim=3)
    return distance.argmin(dim=2), distance.argmin(dim=1)


@pytest.mark.parametrize("max_entries", [1, 21, 50, 10**9])
def test_any_block_size_finds_the_same_points(max_entries: int) -> None:
    a, b = draw()
    found, expected = search_by_blocks(a, b, max_entries), by_matrix(a, b)
    assert torch.equal(found[0], expected[0]) and torch.equal(found[1], expected[1])


@pytest.mark.parametrize(("n", "m"), [(11, 7), (1, 5), (300, 400)])
def test_trees_find_the_same_points(n: int, m: int) -> None:
    a, b = draw(n=n, m=m)
    found, expected = search_by_trees(a, b), by_matrix(a, b)
    assert torch.equal(found[0], expected[0]) and torch.equal(found[1], expected[1])


def test_far_from_the_origin_trees_are_exact_in_float32() -> None:
    a, b = (x + 1000 for x in draw(1, 300, 300, torch.float32))
    found, expected = search_by_trees(a, b), by_matrix(a.double(), b.double())
    for index, exact, points, others in zip(found, expected, (a, b), (b, a), strict=True):
        reached = (points[0] - others[0][index[0]]).double().norm(dim=1)
        assert torch.equal(reached, (points[0] - others[0][exact[0]]).double().norm(dim=1))


def test_trees_are_used_for_large_finite_clouds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []

    def record(name: str) -> Any:
        search = getattr(nearest, name)
        return lambda a, b: (used.append(name), search(a, b))[1]

    for name in ("search_by_trees", "search_by_blocks"):
        monkeypatch.setattr(nearest, name, record(name))
    a, b = draw(2, 300, 300)
    nearest_points(a, b)
    nearest_points(a[:, :100], b)
    a[1, 0, 2] = torch.nan
    nearest_points(a, b)
    assert used == ["search_by_trees", "search_by_blocks", "search_by_blocks"]


def test_memory_of_blocks_does_not_grow_with_the_product_of_the_sizes(largest_tensor: Any) -> None:
    a, b = draw(1, 600, 600, torch.float32)
    with largest_tensor() as largest:
        search_by_blocks(a, b, max_entries=1 << 14)
    assert largest.entries <= 1 << 14 < 600 * 600
