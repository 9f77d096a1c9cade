from collections.abc import Callable

import pytest
import torch
from helpers import raises
from torch_geometric.data import Batch

from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import RandomAnisotropicScale


def test_the_repr() -> None:
    assert repr(RandomAnisotropicScale(0.5, 2.0)) == "RandomAnisotropicScale(low=0.5, high=2)"


def test_a_factor_of_one_is_the_identity(batch: Batch) -> None:
    assert torch.equal(RandomAnisotropicScale(1.0, 1.0)(batch).pos, batch.pos)


def test_each_cloud_has_one_factor_for_each_axis_uniform_within_the_bounds(copies: Callable[..., Batch]) -> None:
    batch = copies(1000, 5, dtype=torch.float64)
    factors = (RandomAnisotropicScale(0.5, 2.0)(batch).pos / batch.pos).view(1000, 5, 3)
    assert (factors - factors[:, :1]).abs().max() < 1e-12
    factor = factors[:, 0]
    assert factor.min() >= 0.5 - 1e-12 and factor.max() <= 2 + 1e-12
    assert (factor.amin(dim=0) < 0.52).all() and (factor.amax(dim=0) > 1.98).all()
    assert (factor.mean(dim=0) - 1.25).abs().max() < 0.07 and factor.T.corrcoef().triu(1).abs().max() < 0.15


def test_the_default_bounds_are_two_thirds_and_three_halves() -> None:
    assert RandomAnisotropicScale().low == pytest.approx(2 / 3) and RandomAnisotropicScale().high == pytest.approx(
        3 / 2
    )


@pytest.mark.parametrize(
    ("low", "high", "argument"),
    [(0.0, 1.0, "low"), (-1.0, 1.0, "low"), (1.0, float("inf"), "high"), (float("nan"), 1.0, "low")],
)
def test_factors_out_of_bounds_are_refused(low: float, high: float, argument: str) -> None:
    with raises(ConfigError, argument=argument, got={"low": low, "high": high}[argument], expected="finite and > 0"):
        RandomAnisotropicScale(low, high)


def test_a_low_factor_above_the_high_one_is_refused() -> None:
    with raises(ConfigError, argument="low", got=2.0) as error:
        RandomAnisotropicScale(2.0, 1.0)
    assert str(error.value) == "RandomAnisotropicScale: low must be <= high, got 2.0 and 1.0."
