"""The last layer of a point encoder: its pool equals the maximum of its per-point features."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conclu_pyg.nn import PooledLinear, pooled_product

SIZES = {
    "equal": [6, 6, 6, 6],
    "ragged": [2, 9, 1, 5],
    "one cloud": [12],
    "one point per cloud": [1, 1, 1, 1, 1],
    "two points": [1, 1],
}


def batch_of(sizes: list[int]) -> Tensor:
    return torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))


def make(in_channels: int = 5, out_channels: int = 7, *, relu: bool = True) -> PooledLinear:
    """A layer in double precision; its norm has weights of both signs and 0, and statistics unlike the start's."""
    layer = PooledLinear(in_channels, out_channels, nn.ReLU if relu else nn.Identity).double()
    with torch.no_grad():
        layer.norm.weight.copy_(torch.linspace(-1.5, 1.5, out_channels))  # 0 in the middle, where they are odd
        layer.norm.bias.copy_(torch.randn(out_channels))
        layer.norm.running_mean.normal_()  # type: ignore[union-attr]
        layer.norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return layer


def gradients(layer: PooledLinear, out: Tensor, x: Tensor) -> list[Tensor]:
    """Gradients of a fixed random function of the output."""
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    return list(torch.autograd.grad((weights * out).sum(), [x, *layer.parameters()]))


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_forward_is_linear_norm_activation_and_maximum(relu: bool, training: bool) -> None:
    layer, sizes = make(relu=relu).train(training), SIZES["ragged"]
    x = torch.randn(sum(sizes), 5, dtype=torch.double)
    state = {name: tensor.numpy().copy() for name, tensor in layer.state_dict().items()}
    points, pooled = layer(x, batch_of(sizes), len(sizes))
    expected = x.numpy() @ state["linear.weight"].T
    mean, var = expected.mean(axis=0), expected.var(axis=0)
    if not training:
        mean, var = state["norm.running_mean"], state["norm.running_var"]
    expected = (expected - mean) / np.sqrt(var + 1e-5) * state["norm.weight"] + state["norm.bias"]
    expected = np.maximum(expected, 0) if relu else expected
    assert np.allclose(points.detach().numpy(), expected, rtol=1e-10)
    clouds = np.split(expected, np.cumsum(sizes)[:-1])
    assert np.allclose(pooled.detach().numpy(), [cloud.max(axis=0) for cloud in clouds], rtol=1e-10)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("chunk", [1, pooled_product.CHUNK])
def test_pool_equals_forward(
    sizes: list[int], relu: bool, training: bool, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooled_product, "CHUNK", chunk)
    fused = make(relu=relu).train(training)
    full, batch = copy.deepcopy(fused), batch_of(sizes)
    for _ in range(2):  # the second step starts from the first one's statistics
        x = (3 + 2 * torch.randn(sum(sizes), 5, dtype=torch.double)).requires_grad_()
        out, expected = fused.pool(x, batch, len(sizes)), full(x, batch, len(sizes))[1]
        assert torch.allclose(out, expected, rtol=1e-10, atol=1e-12)
        for ours, theirs in zip(gradients(fused, out, x), gradients(full, expected, x), strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-8, atol=1e-8)
        for name, ours in fused.state_dict().items():
            assert torch.allclose(ours, full.state_dict()[name], rtol=1e-12, atol=1e-14), name
    assert fused.norm.num_batches_tracked == (2 if training else 0)


@pytest.mark.parametrize("training", [True, False])
def test_the_gradients_of_pool_equal_finite_differences(training: bool) -> None:
    layer, batch = make(3, 4, relu=False).train(training), batch_of([4, 4])
    names = [name for name, _ in layer.named_parameters()]

    def pool(x: Tensor, *parameters: Tensor) -> Tensor:
        call = {f"layer.{name}": value for name, value in zip(names, parameters, strict=True)}
        return torch.func.functional_call(_Pool(layer), call, (x, batch, 2))

    x = torch.randn(8, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(pool, (x, *layer.parameters()))


class _Pool(torch.nn.Module):
    def __init__(self, layer: PooledLinear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        return self.layer.pool(x, batch, batch_size)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("relu", [True, False])
def test_where_the_norms_weight_is_zero_all_points_share_its_gradient(training: bool, relu: bool) -> None:
    fused, batch = make(relu=relu).train(training), batch_of([6, 6])
    with torch.no_grad():
        fused.norm.weight[[0, 5]] = torch.tensor([0.0, -0.0], dtype=torch.double)
        fused.norm.bias[[0, 5]] = 0.5
    full = copy.deepcopy(fused)
    x = (20 + torch.randn(12, 5, dtype=torch.double)).requires_grad_()
    out, expected = fused.pool(x, batch, 2), full(x, batch, 2)[1]
    assert torch.equal(out[:, [0, 5]], torch.full((2, 2), 0.5, dtype=torch.double))
    ours, theirs = gradients(fused, out, x), gradients(full, expected, x)
    assert all(torch.allclose(a, b, rtol=1e-9, atol=1e-10) for a, b in zip(ours, theirs, strict=True))
    assert ours[2][0] != 0 and ours[2][5] != 0


@pytest.mark.parametrize("training", [True, False])
def test_points_that_tie_share_one_gradient_between_them(training: bool) -> None:
    fused = make().train(training)
    full, batch = copy.deepcopy(fused), batch_of([6, 6])
    x = torch.randn(2, 3, 5, dtype=torch.double).repeat(1, 2, 1).flatten(0, 1).requires_grad_()  # each point twice
    out, expected = fused.pool(x, batch, 2), full(x, batch, 2)[1]
    assert torch.allclose(out, expected, rtol=1e-10)
    ours, theirs = gradients(fused, out, x), gradients(full, expected, x)
    for grads in (ours, theirs):
        grads[0] = grads[0].view(2, 2, 3, 5).sum(dim=1)  # over a point and its double
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("training", [True, False])
def test_a_norm_that_is_synchronised_computes_its_own_statistics(training: bool) -> None:
    layer = torch.nn.SyncBatchNorm.convert_sync_batchnorm(make()).train(training)
    calls: list[torch.Size] = []
    layer.norm.register_forward_hook(lambda norm, args, out: calls.append(out.shape))
    x = torch.randn(12, 5, dtype=torch.double)
    pooled = layer.pool(x, batch_of([6, 6]), 2)
    assert calls == [(12, 7)] and pooled.shape == (2, 7)


def check_both_ways(layer: PooledLinear) -> None:
    full = copy.deepcopy(layer)
    for _ in range(2):
        x, batch = torch.randn(12, 5, dtype=torch.double, requires_grad=True), batch_of([6, 6])
        out, expected = layer.pool(x, batch, 2), full(x, batch, 2)[1]
        assert torch.allclose(out, expected, rtol=1e-10, atol=1e-12)
        for ours, theirs in zip(gradients(layer, out, x), gradients(full, expected, x), strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-8, atol=1e-8)
        for name, value in layer.state_dict().items():
            assert torch.allclose(value, full.state_dict()[name], rtol=1e-12), name


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", [{"momentum": None}, {"track_running_stats": False}, {"affine": False}])
def test_a_cumulative_momentum_and_a_norm_without_statistics_or_weights_are_called(
    training: bool, options: dict[str, bool | None]
) -> None:
    layer = make()
    layer.norm = nn.BatchNorm1d(7, **options).double()  # type: ignore[arg-type]
    check_both_ways(layer.train(training))


def test_statistics_are_recomputed_for_averaged_weights() -> None:
    layer, x = make(), torch.randn(3, 12, 5, dtype=torch.double)
    pool = _Pool(layer)
    pool.forward = lambda part: layer.pool(part, batch_of([6, 6]), 2)  # type: ignore[method-assign, assignment]
    torch.optim.swa_utils.update_bn(x, pool)
    expected = torch.stack([layer.linear(part).mean(dim=0) for part in x]).mean(dim=0)
    assert torch.allclose(layer.norm.running_mean, expected)  # type: ignore[arg-type]


class _Doubled(nn.Linear):
    """A linear layer with another product than that with its weight, as adapters have."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("linear", [_Doubled(5, 7, bias=False), nn.Linear(5, 7)], ids=["adapter", "with a bias"])
def test_a_replaced_linear_layer_is_called(training: bool, linear: nn.Linear) -> None:
    layer = make().train(training)
    layer.linear = copy.deepcopy(linear).double()
    check_both_ways(layer)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("sizes", [SIZES["equal"], SIZES["ragged"]], ids=["equal", "ragged"])
def test_under_autocast_pool_is_close_forward_and_backward(dtype: torch.dtype, sizes: list[int]) -> None:
    layer = make(32, 64).float()
    x = torch.randn(sum(sizes), 32).to(dtype)
    leaf, wide = x.clone().requires_grad_(), x.double().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer.pool(leaf, batch_of(sizes), len(sizes))
    double = copy.deepcopy(layer).double()
    expected = double.pool(wide, batch_of(sizes), len(sizes))
    assert torch.allclose(out.double(), expected, atol=0.1)
    ours = [grad.double() for grad in gradients(layer, out, leaf)]
    assert all(grad.isfinite().all() for grad in ours)
    for grad, theirs in zip(ours, gradients(double, expected, wide), strict=True):
        assert torch.nn.functional.cosine_similarity(grad.flatten(), theirs.flatten(), dim=0) > 0.95


def test_under_autocast_the_statistics_keep_the_resolution_of_float32() -> None:
    cast, batch = make().float(), batch_of([50, 50])
    full, x = copy.deepcopy(cast), 20 + 0.1 * torch.randn(100, 5)  # in bf16 these would be multiples of 1/8
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast.pool(x, batch, 2)
    full(x, batch, 2)
    for name in ("running_mean", "running_var"):
        assert torch.allclose(getattr(cast.norm, name), getattr(full.norm, name), rtol=1e-5), name


@pytest.mark.parametrize("training", [True, False])
def test_in_16_bits_the_moments_and_gradients_are_computed_in_float32(training: bool) -> None:
    layer, batch = make(32, 65).bfloat16().train(training), batch_of([50, 50])
    wide, x = copy.deepcopy(layer).double(), (20 + torch.randn(100, 32)).bfloat16().requires_grad_()
    leaf = x.detach().double().requires_grad_()
    out, expected = layer.pool(x, batch, 2), wide.pool(leaf, batch, 2)
    assert out.dtype == torch.bfloat16
    assert (out.double() - expected).abs().mean() < 0.05  # the product itself is rounded to 16 bits
    ours, theirs = gradients(layer, out, x), gradients(wide, expected, leaf)
    assert all(grad.dtype == torch.bfloat16 for grad in ours)
    for grad, reference in zip(ours, theirs, strict=True):
        assert nn.functional.cosine_similarity(grad.flatten().double(), reference.flatten(), dim=0) > 0.95
    _, mean, var = pooled_product.PooledProduct.apply(x.view(2, 50, 32), layer.linear.weight, x.new_ones(65), True)
    product = wide.linear(leaf)
    assert mean.dtype == var.dtype == torch.float32
    assert torch.allclose(mean.double(), product.mean(dim=0), rtol=1e-5, atol=1e-5)
    assert torch.allclose(var.double(), product.var(dim=0, correction=0), rtol=1e-4)


def test_pool_never_holds_all_points_features(monkeypatch: pytest.MonkeyPatch, largest_tensor: Any) -> None:
    monkeypatch.setattr(pooled_product, "CHUNK", 2048)
    layer, batch = PooledLinear(4, 64), batch_of(16 * [32])
    x = torch.randn(512, 4, requires_grad=True)
    largest = {}
    for way in ("fused", "full"):
        with largest_tensor() as seen:
            out = layer.pool(x, batch, 16) if way == "fused" else layer(x, batch, 16)[1]
            out.sum().backward()
        largest[way] = seen.entries
    assert largest["full"] == 512 * 64 and largest["fused"] <= 16 * 64 * 4  # (B, C, D)


def test_a_single_point_is_refused_as_by_the_norm() -> None:
    layer, x, batch = make(), torch.randn(1, 5, dtype=torch.double), batch_of([1])
    variance = layer.norm.running_var.clone()  # type: ignore[union-attr]
    for way in (layer.pool, layer):
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            way(x, batch, 1)
    assert torch.equal(layer.norm.running_var, variance)  # type: ignore[arg-type]
    layer.eval()
    assert torch.allclose(layer.pool(x, batch, 1), layer(x, batch, 1)[1])
