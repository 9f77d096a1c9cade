"""PointNet: its layers, options, and the properties of a maximum over points."""

import itertools

import numpy as np
import pytest
import torch
from helpers import assert_error, raises
from torch import Tensor, nn

from conclu_pyg import ENCODERS
from conclu_pyg.encoders.pointnet import PointNet
from conclu_pyg.errors import ArgumentError, RegistryError

OPTIONS = [
    {"input_transform": a, "feature_transform": b, "last_relu": c, "out_channels": 16}
    for a, b, c in itertools.product([True, False], repeat=3)
]
PLAIN = {"input_transform": False, "feature_transform": False}


def draw(sizes: list[int]) -> tuple[Tensor, Tensor, int]:
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return torch.randn(sum(sizes), 3, dtype=torch.double), batch, len(sizes)


@pytest.mark.parametrize("last_relu", [True, False])
def test_without_transform_nets_it_is_five_layers_on_each_point_and_a_maximum(last_relu: bool) -> None:
    encoder = PointNet(last_relu=last_relu, **PLAIN).double()
    pos, batch, batch_size = draw([9, 12])
    x = pos.numpy()
    linears = [layer for layer in encoder.modules() if isinstance(layer, nn.Linear)]
    assert [layer.out_features for layer in linears] == [64, 64, 64, 128, 1024]
    for i, linear in enumerate(linears):
        x = x @ linear.weight.detach().numpy().T
        x = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
        if last_relu or i < 4:
            x = np.maximum(x, 0)
    points, pooled = encoder(pos, batch, batch_size)
    assert np.allclose(points.detach().numpy(), x, atol=1e-9)
    assert np.allclose(pooled.detach().numpy(), [x[:9].max(axis=0), x[9:].max(axis=0)], atol=1e-9)


def test_by_default_it_has_both_transform_nets_as_in_its_paper() -> None:
    encoder = ENCODERS.build({"name": "PointNet"})
    assert (
        encoder.out_channels == 1024
        and encoder.input_transform.channels == 3
        and encoder.feature_transform.channels == 64
    )


def test_transform_nets_start_as_the_identity() -> None:
    whole, plain = PointNet().double(), PointNet(**PLAIN).double()
    plain.load_state_dict(whole.state_dict(), strict=False)
    clouds = draw([20, 30])
    assert torch.allclose(whole(*clouds)[1], plain(*clouds)[1])


@pytest.mark.parametrize("options", OPTIONS)
def test_with_each_option_pool_equals_the_call(options: dict) -> None:
    encoder = ENCODERS.build({"name": "PointNet", **options}).double()
    clouds = draw([20, 20])
    points, pooled = encoder(*clouds)
    assert points.shape == (40, 16) and torch.allclose(encoder.pool(*clouds), pooled)
    assert bool((points < 0).any()) != options["last_relu"]


def test_repeated_points_have_no_effect_in_evaluation() -> None:
    encoder = PointNet().double().eval()
    pos, batch, _ = draw([20])
    repeated = torch.cat([pos, pos[:7]])
    pooled = encoder(repeated, batch.new_zeros(27), 1)[1]
    assert torch.allclose(pooled, encoder(pos, batch, 1)[1])


@pytest.mark.parametrize("pool", [True, False])
@pytest.mark.parametrize("size", [[16, 16, 16], [10, 16, 20]], ids=["equal", "ragged"])
def test_trains_under_bfloat16_autocast(pool: bool, size: list[int]) -> None:
    encoder = PointNet()
    pos, batch, batch_size = draw(size)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        clouds = pos.float(), batch, batch_size
        pooled = encoder.pool(*clouds) if pool else encoder(*clouds)[1]
    pooled.float().square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


@pytest.mark.parametrize("channels", [0, -1])
def test_a_size_below_1_is_refused(channels: int) -> None:
    with pytest.raises(ArgumentError) as error:
        ENCODERS.build({"name": "PointNet", "out_channels": channels})
    assert_error(error, argument="out_channels", got=channels)


def test_an_option_it_does_not_have_is_refused() -> None:
    with raises(RegistryError, argument="input_transforms", got=True):
        ENCODERS.build({"name": "PointNet", "input_transforms": True})
