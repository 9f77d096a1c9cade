"""The earth mover's distance, against all permutations and POT."""

import math
from itertools import permutations

import ot
import pytest
import torch
from helpers import raises
from torch import Tensor

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.losses import chamfer_distance, earth_movers_distance
from conclu_pyg.losses.auction import auction
from conclu_pyg.losses.emd import allowed_excess


def draw(size: int = 3, num: int = 5, dtype: torch.dtype = torch.double) -> tuple[Tensor, Tensor]:
    return torch.randn(size, num, 3, dtype=dtype), torch.randn(size, num, 3, dtype=dtype)


@pytest.mark.parametrize("num", [1, 2, 5])
def test_it_is_the_least_mean_distance_of_all_bijections(num: int) -> None:
    a, b = draw(num=num)
    expected = [
        min(sum(map(math.dist, x, order)) / num for order in permutations(y))
        for x, y in zip(a.tolist(), b.tolist(), strict=True)
    ]
    assert earth_movers_distance(a, b).tolist() == pytest.approx(expected)


def test_it_agrees_with_optimal_transport_on_larger_clouds() -> None:
    a, b = draw(2, 150)
    expected = [ot.emd2([], [], torch.cdist(x, y).numpy()) for x, y in zip(a, b, strict=True)]
    assert earth_movers_distance(a, b).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("tolerance", [0.2, 0.01])
def test_the_auction_of_other_devices_is_within_the_tolerance(tolerance: float) -> None:
    a, b = draw(3, 60)
    cost = torch.cdist(a, b)
    found = cost.gather(2, auction(cost, allowed_excess(cost, tolerance))[:, :, None]).mean(dim=(1, 2))
    least = earth_movers_distance(a, b)
    assert (found >= least - 1e-12).all() and (found <= (1 + tolerance) * least).all()


def test_equal_sets_have_distance_0_in_any_order() -> None:
    a, _ = draw(2, 30)
    shuffled = a[:, torch.randperm(30)]
    assert earth_movers_distance(a, shuffled).tolist() == [0, 0]
    cost = torch.cdist(a, shuffled)
    assert cost.gather(2, auction(cost, allowed_excess(cost, 0.01))[:, :, None]).max() < 1e-5
    assert torch.equal(earth_movers_distance(torch.zeros(1, 4, 3), torch.zeros(1, 4, 3)), torch.zeros(1))


def test_it_is_symmetric_and_no_smaller_than_the_way_to_the_nearest_points() -> None:
    a, b = draw(4, 20)
    distance = earth_movers_distance(a, b)
    assert torch.allclose(distance, earth_movers_distance(b, a))
    assert (distance >= chamfer_distance(a, b, squared=False, reduction="max")).all()


def test_its_gradient_is_that_of_finite_differences() -> None:
    a, b = (x.requires_grad_() for x in draw(2, 5))
    assert torch.autograd.gradcheck(earth_movers_distance, (a, b))


def test_points_that_are_not_finite_give_a_distance_that_is_not() -> None:
    a, b = draw()
    a[1, 2, 0] = math.nan
    assert earth_movers_distance(a, b).isnan().tolist() == [False, True, False]


def test_under_autocast_it_is_computed_in_float32() -> None:
    a, b = draw(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(earth_movers_distance(a, b), earth_movers_distance(a, b).float())
    assert earth_movers_distance(a.bfloat16(), b.bfloat16()).dtype == torch.float32


def test_clouds_of_different_sizes_and_wrong_tolerances_are_refused() -> None:
    a, b = draw()
    with raises(DataError, argument="b", got=[3, 4, 3]):
        earth_movers_distance(a, b[:, :4])
    for tolerance in (0.0, -1.0, math.inf):
        with raises(ConfigError, argument="tolerance", got=tolerance):
            earth_movers_distance(a, b, tolerance=tolerance)
