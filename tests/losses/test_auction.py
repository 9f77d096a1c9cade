"""The auction, against all permutations and SciPy."""

from itertools import permutations

import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from conclu_pyg.losses.auction import auction


def mean_cost(cost: Tensor, column: Tensor) -> Tensor:
    return cost.gather(2, column[:, :, None])[:, :, 0].mean(dim=1)


@pytest.mark.parametrize("num", [1, 2, 3, 5])
def test_of_all_permutations_it_finds_the_cheapest(num: int) -> None:
    cost = torch.rand(6, num, num, dtype=torch.double)
    column = auction(cost, torch.full((6,), 1e-9))
    for matrix, found in zip(cost.tolist(), mean_cost(cost, column).tolist(), strict=True):
        least = min(sum(matrix[i][j] for i, j in enumerate(order)) / num for order in permutations(range(num)))
        assert found == pytest.approx(least, abs=2e-9)


@pytest.mark.parametrize("excess", [0.3, 0.01, 1e-6])
def test_each_column_is_given_once_and_the_excess_is_within_its_bound(excess: float) -> None:
    points = torch.randn(2, 3, 40, 3, dtype=torch.double)
    points[1, 1, :, 1:] *= 1e-3  # a line against a ball: many rows want the same columns
    cost = torch.cdist(points[0], points[1])
    bounds = excess * torch.tensor([1.0, 0.5, 2.0])
    column = auction(cost, bounds)
    assert torch.equal(column.sort(dim=1).values, torch.arange(40).expand(3, -1))
    least = [matrix[linear_sum_assignment(matrix)].mean() for matrix in cost.numpy()]
    above = mean_cost(cost, column) - torch.tensor(least)
    assert (above >= -1e-12).all() and (above <= bounds + 1e-12).all()


def test_equal_costs_do_not_keep_it_from_ending() -> None:
    for cost in (torch.zeros(2, 6, 6), torch.ones(1, 6, 6), torch.eye(6)[None]):
        column = auction(cost, torch.full((len(cost),), 1e-3))
        assert torch.equal(column.sort(dim=1).values, torch.arange(6).expand(len(cost), -1))


def test_a_problem_does_not_depend_on_the_others_of_its_batch() -> None:
    cost = torch.rand(4, 12, 12, dtype=torch.double)
    excess = torch.full((4,), 1e-3)
    together = mean_cost(cost, auction(cost, excess))
    alone = torch.cat([mean_cost(each[None], auction(each[None], excess[:1])) for each in cost])
    assert torch.allclose(together, alone, atol=1e-3)
