"""Layers in evaluation mode without gradient equal those that record one."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conclu_pyg.nn import PooledLinear, TransformNet, frozen, mlp
from conclu_pyg.nn.frozen import apply_in_place, folded, is_frozen, largest_products
from conclu_pyg.nn.mlp import layer_outputs

SIZES = {"equal": [6, 6, 6], "ragged": [2, 9, 1, 5], "one cloud": [12], "single points": [1, 1, 1]}


def batch_of(sizes: list[int]) -> Tensor:
    return torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))


def perturbed(module: nn.Module) -> nn.Module:
    """The module in double precision and evaluation mode, with weights of norms of both signs and 0."""
    module = module.double().eval()
    with torch.no_grad():
        for norm in module.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.weight.copy_(torch.linspace(-1.5, 1.5, len(norm.weight)))
                norm.weight[0] = 0
                norm.bias.normal_()
                norm.get_buffer("running_mean").normal_()
                norm.get_buffer("running_var").uniform_(0.5, 2)
    return module


def pair() -> tuple[nn.Linear, nn.BatchNorm1d]:
    return nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4).eval()


def test_folded_weights_are_those_of_the_layer_and_its_norm() -> None:
    linear, norm = perturbed(nn.Sequential(*pair()))
    assert isinstance(linear, nn.Linear) and isinstance(norm, nn.BatchNorm1d)
    x = np.random.default_rng(0).normal(size=(9, 3))
    state = {name: value.numpy() for name, value in norm.state_dict().items()}
    expected = x @ linear.weight.detach().numpy().T - state["running_mean"]
    expected = expected / np.sqrt(state["running_var"] + norm.eps) * state["weight"] + state["bias"]
    weight, bias = (tensor.detach().numpy() for tensor in folded(linear, norm))
    assert np.allclose(x @ weight.T + bias, expected, rtol=1e-12)


def test_layers_are_frozen_in_evaluation_mode_without_gradient_only() -> None:
    linear, norm = pair()
    assert not is_frozen(linear, norm)
    with torch.inference_mode():
        assert is_frozen(linear, norm)
    with torch.no_grad():
        assert is_frozen(linear, norm)
        assert not is_frozen(linear, norm.train())
        assert not is_frozen(nn.Linear(3, 4), norm.eval())
        with torch.autocast("cpu", torch.bfloat16):
            assert not is_frozen(linear, norm)
        linear.register_forward_hook(lambda *_: None)
        assert not is_frozen(linear, norm)


@pytest.mark.parametrize("block", [1, 20, frozen.BLOCK])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_the_largest_products_are_those_over_each_cloud(
    sizes: list[int], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen, "BLOCK", block)
    x, weight = torch.randn(sum(sizes), 5), torch.randn(7, 5)
    expected = torch.stack([(cloud @ weight.t()).max(dim=0).values for cloud in x.split(sizes)])
    assert torch.allclose(largest_products(x, weight, sizes), expected, atol=1e-6)


def test_the_largest_products_of_a_cloud_that_is_not_finite_are_not_either() -> None:
    x, weight = torch.randn(8, 5), torch.randn(7, 5)
    x[6, 2] = torch.nan
    assert largest_products(x, weight, [4, 4]).isfinite().all(dim=1).tolist() == [True, False]


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize(
    "make",
    [
        lambda: PooledLinear(5, 7),
        lambda: PooledLinear(5, 7, nn.Identity),
        lambda: PooledLinear(5, 7, lambda: nn.LeakyReLU(0.2)),
        lambda: TransformNet(5),
    ],
    ids=["relu", "identity", "leaky relu", "transform net"],
)
def test_frozen_layers_equal_those_that_record_a_gradient(make: Callable[[], nn.Module], sizes: list[int]) -> None:
    module = perturbed(make())
    if isinstance(module, TransformNet):
        nn.init.normal_(module.matrix.weight)
    x, batch = torch.randn(sum(sizes), 5, dtype=torch.double), batch_of(sizes)
    call = module.pool if isinstance(module, PooledLinear) else module
    expected = call(x, batch, len(sizes))
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            out = call(x, batch, len(sizes))
        assert out.dtype == torch.double and not out.requires_grad
        assert torch.allclose(out, expected, rtol=1e-10, atol=1e-10)


def test_frozen_layers_follow_changes_of_the_weights_and_statistics() -> None:
    layer, x, batch = perturbed(PooledLinear(5, 7)), torch.randn(12, 5, dtype=torch.double), batch_of([5, 7])
    assert isinstance(layer, PooledLinear)
    for name, value in layer.state_dict().items():
        if value.is_floating_point():
            value.mul_(1.5)  # in place
            with torch.no_grad():
                frozen_output = layer.pool(x, batch, 2)
            assert torch.allclose(frozen_output, layer.pool(x, batch, 2), rtol=1e-10), name


def test_a_cloud_without_points_pools_to_0_as_with_a_gradient() -> None:
    layer = perturbed(PooledLinear(5, 7))
    assert isinstance(layer, PooledLinear)
    x, batch = torch.randn(6, 5, dtype=torch.double), torch.tensor([0, 0, 2, 2, 2, 2])
    with torch.no_grad():
        out = layer.pool(x, batch, 3)
    assert torch.allclose(out, layer.pool(x, batch, 3)) and (out[1] == 0).all()


@pytest.mark.parametrize("last_act", [True, False])
def test_the_outputs_of_layers_end_with_that_of_the_mlp(last_act: bool) -> None:
    layers = perturbed(mlp([3, 5, 4], last_act=last_act))
    assert isinstance(layers, nn.Sequential)
    x = torch.randn(8, 3, dtype=torch.double)
    expected = [layers[:3](x), layers(x)]
    with torch.no_grad():
        outputs = layer_outputs(layers, x)
    for out, recorded, value in zip(outputs, layer_outputs(layers, x), expected, strict=True):
        assert torch.equal(recorded, value) and torch.allclose(out, value, rtol=1e-10)


def test_hooks_of_frozen_layers_are_called() -> None:
    layers, seen = mlp([3, 5, 4]).eval(), list[torch.Size]()
    layers[4].register_forward_hook(lambda norm, args, out: seen.append(out.shape))
    with torch.no_grad():
        layer_outputs(layers, torch.randn(8, 3))
    assert seen == [(8, 4)]


def test_a_relu_is_applied_in_place_unless_something_would_see_its_input() -> None:
    x = torch.tensor([-1.0, 2.0])
    assert apply_in_place(nn.LeakyReLU(0.5), x).tolist() == [-0.5, 2] and x.tolist() == [-1, 2]
    seen: list[Tensor] = []
    hooked = nn.ReLU()
    hooked.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    assert apply_in_place(hooked, x).tolist() == [0, 2] and seen[0].tolist() == [-1, 2]
    assert apply_in_place(nn.ReLU(), x) is x and x.tolist() == [0, 2]
