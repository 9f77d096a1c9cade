"""Gradients under bf16 autocast against those in float32, for clouds of many points: sums must not stop growing."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from conclu_pyg import NEIGHBORS
from conclu_pyg.nn.cloud_linear import CloudLinear
from conclu_pyg.nn.edge_conv import EdgeConv
from conclu_pyg.nn.mlp import mlp
from conclu_pyg.nn.pooled_linear import PooledLinear
from conclu_pyg.nn.transform_net import TransformNet

CLOUDS, POINTS, CHANNELS = 2, 1500, 8
BATCH = torch.arange(CLOUDS).repeat_interleave(POINTS)

Call = Callable[[nn.Module, Tensor], Tensor]


def edges(layer: nn.Module, x: Tensor) -> Tensor:
    index = NEIGHBORS.build({"name": "auto"})(x.detach(), 20, BATCH, CLOUDS)
    out: Tensor = layer(x, index)
    return out


LAYERS: dict[str, tuple[Callable[[], nn.Module], Call]] = {
    "CloudLinear": (lambda: CloudLinear(CHANNELS, CHANNELS, 16), lambda layer, x: layer(x, x[:CLOUDS], BATCH)),
    "EdgeConv": (lambda: EdgeConv(CHANNELS, 16), edges),
    "mlp": (lambda: mlp([CHANNELS, 16, 16]), lambda layer, x: layer(x)),
    "PooledLinear.forward": (lambda: PooledLinear(CHANNELS, 16), lambda layer, x: layer(x, BATCH, CLOUDS)[0]),
    "PooledLinear.pool": (lambda: PooledLinear(CHANNELS, 16), lambda layer, x: layer.pool(x, BATCH, CLOUDS)),
    "TransformNet": (lambda: TransformNet(CHANNELS), lambda layer, x: layer(x, BATCH, CLOUDS)),
}


@pytest.mark.parametrize("name", list(LAYERS))
def test_gradients_in_bf16_are_as_large_as_in_float32(name: str) -> None:
    make, call = LAYERS[name]
    layer = make()
    weight = (torch.rand_like(call(layer, torch.randn(len(BATCH), CHANNELS))) + 0.5).detach()  # of one sign
    x = torch.randn(len(BATCH), CHANNELS).bfloat16().float().requires_grad_()
    inputs = [x, *layer.parameters()]
    gradients = []
    for enabled in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            out = call(layer, x)
        gradients.append(torch.autograd.grad((weight * out.float()).sum(), inputs))
    for expected, found in zip(*gradients, strict=True):
        scale = max(float(expected.norm()), 1e-2 * float(weight.norm()))
        assert abs(float(found.norm()) - float(expected.norm())) < 0.1 * scale
        assert float((found - expected).norm()) < 0.5 * scale  # rounding may move a maximum to another point


def test_the_features_of_a_cloud_get_the_sum_of_all_its_points() -> None:
    layer, x = CloudLinear(2, 2, 3), torch.zeros(len(BATCH), 2)
    g = torch.zeros(CLOUDS, 2, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(x, g, BATCH)
    (found,) = torch.autograd.grad(out.float().sum(), g)
    expected = POINTS * layer.clouds.weight.sum(dim=0).expand(CLOUDS, -1)
    assert torch.allclose(found, expected, rtol=0.02, atol=1)
