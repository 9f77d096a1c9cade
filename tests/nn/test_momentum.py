"""Momentum copies."""

import copy
import math

import pytest
import torch
from helpers import raises
from torch import nn

from conclu_pyg.errors import ConfigError
from conclu_pyg.nn.momentum import MomentumCopy


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def moved(source: nn.Module) -> nn.Module:
    other = copy.deepcopy(source)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(torch.randn_like(parameter))
    return other


def test_the_copy_has_the_values_and_no_gradient_and_no_memory_in_common() -> None:
    source = network()
    target = MomentumCopy(source)
    for mine, theirs in zip(target.module.parameters(), source.parameters(), strict=True):
        assert torch.equal(mine, theirs) and not mine.requires_grad and theirs.requires_grad
        assert mine.data_ptr() != theirs.data_ptr()


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_an_update_is_the_weighted_mean_with_the_momentum_of_the_schedule(fraction: float) -> None:
    target, source = MomentumCopy(network(), momentum=0.9), moved(network())
    before = [parameter.clone() for parameter in target.module.parameters()]
    target.update(source, fraction)
    tau = 1 - 0.1 * (math.cos(math.pi * fraction) + 1) / 2
    for old, new, online in zip(before, target.module.parameters(), source.parameters(), strict=True):
        assert torch.allclose(new, tau * old + (1 - tau) * online, atol=1e-6)


def test_the_copy_is_constant_at_the_end() -> None:
    target = MomentumCopy(network(), momentum=0.9)
    before = copy.deepcopy(target.module.state_dict())
    source = moved(target.module)
    target.update(source, 1.0)
    assert all(torch.equal(value, before[name]) for name, value in target.module.state_dict().items())


def test_buffers_are_copied() -> None:
    source = network()
    target = MomentumCopy(source)
    for _ in range(3):
        source(torch.randn(8, 3))
    target.update(source, 0.0)
    assert all(
        torch.equal(mine, theirs) for mine, theirs in zip(target.module.buffers(), source.buffers(), strict=True)
    )


def test_the_copy_has_the_mode_of_its_owner_so_that_batch_norms_use_the_batch_in_training() -> None:
    target = MomentumCopy(network())
    x = torch.randn(8, 3)
    assert target.module.training and not torch.allclose(target.module(x), target.eval().module(x))


def test_the_state_is_that_of_the_module() -> None:
    target, other = MomentumCopy(network()), MomentumCopy(network())
    other.load_state_dict(target.state_dict())
    assert list(target.state_dict()) == [f"module.{name}" for name in network().state_dict()]
    assert all(torch.equal(a, b) for a, b in zip(target.parameters(), other.parameters(), strict=True))


def test_another_module_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        MomentumCopy(network()).update(nn.Linear(3, 4), 0.0)


@pytest.mark.parametrize("momentum", [-0.1, 1.1, math.nan])
def test_a_momentum_outside_its_range_is_refused(momentum: float) -> None:
    with raises(ConfigError, argument="momentum", got=momentum):
        MomentumCopy(network(), momentum)
