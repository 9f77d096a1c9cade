"""CloudLinear equals a linear layer on the concatenated features, without concatenating them."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from conclu_pyg.nn import CloudLinear

SIZES = {"equal": [4, 4, 4], "ragged": [2, 9, 1], "one cloud": [5], "a cloud without points": [3, 0, 2]}
by_sizes = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())


def draw(sizes: list[int], point_channels: int = 5, cloud_channels: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    x, g = torch.randn(len(batch), point_channels), torch.randn(len(sizes), cloud_channels)
    return x.double().requires_grad_(), g.double().requires_grad_(), batch


@by_sizes
def test_is_a_linear_layer_on_the_concatenated_features(sizes: list[int]) -> None:
    layer, (x, g, batch) = CloudLinear(5, 3, 7).double(), draw(sizes)
    weight = torch.cat([layer.points.weight, layer.clouds.weight], dim=1)
    expected = linear(torch.cat([x, g.repeat_interleave(torch.tensor(sizes), dim=0)], dim=1), weight)
    out = layer(x, g, batch)
    assert out.shape == (sum(sizes), 7) and torch.allclose(out, expected, rtol=1e-12)
    factors = torch.randn_like(out)
    inputs = [x, g, *layer.parameters()]
    for ours, theirs in zip(
        torch.autograd.grad((factors * out).sum(), inputs),
        torch.autograd.grad((factors * expected).sum(), inputs),
        strict=True,
    ):
        assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@by_sizes
def test_gradients_are_those_of_the_function(sizes: list[int]) -> None:
    layer, (x, g, batch) = CloudLinear(5, 3, 2).double(), draw(sizes)

    def call(x: Tensor, g: Tensor, points: Tensor, clouds: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"points.weight": points, "clouds.weight": clouds}, (x, g, batch))

    assert torch.autograd.gradcheck(call, (x, g, layer.points.weight, layer.clouds.weight))


def test_the_features_of_a_cloud_are_never_repeated_for_its_points(largest_tensor: type) -> None:
    layer, (x, g, batch) = CloudLinear(5, 300, 8).double(), draw([40, 60], cloud_channels=300)
    with largest_tensor() as largest:
        layer(x, g, batch).sum().backward()
    assert largest.entries == max(100 * 8, 300 * 8)  # its output, and its weight's gradient
    with largest_tensor() as largest:
        torch.cat([x, g[batch]], dim=1)
    assert largest.entries == 100 * 305  # size of the concatenation


def test_is_initialised_as_the_whole_layer() -> None:
    torch.manual_seed(0)
    layer, whole = CloudLinear(200, 300, 50), nn.Linear(500, 50)
    bound, spread = float(whole.weight.detach().abs().max()), float(whole.weight.detach().std())
    for part in (layer.points.weight, layer.clouds.weight):
        part = part.detach()
        assert float(part.abs().max()) == pytest.approx(bound, rel=0.01)
        assert float(part.std()) == pytest.approx(spread, rel=0.03)
    assert not any(name.endswith("bias") for name, _ in layer.named_parameters())
