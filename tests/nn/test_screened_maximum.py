"""Maxima whose candidates come from products in bfloat16, against products in float64."""

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor

from conclu_pyg.kernels import without_kernels
from conclu_pyg.nn import screened_maximum as module
from conclu_pyg.nn.pooled_linear import PooledLinear
from conclu_pyg.nn.pooled_product import PooledProduct
from conclu_pyg.nn.screened_maximum import Screen, can_screen, screened_maximum


@pytest.fixture(autouse=True)
def any_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "multiplies_bf16", lambda: True)
    monkeypatch.setattr(module, "MIN_PRODUCTS", 0)


@pytest.fixture(params=["one chunk", "chunks"])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "chunks":
        monkeypatch.setattr(module, "CHUNK", 7 * 16)  # rows of 7 points


def clouds(kind: str) -> tuple[Tensor, Tensor]:
    """Points [3, 40, 24] and a weight [16, 24]."""
    torch.manual_seed(0)
    x, weight = torch.randn(3, 40, 24), torch.randn(16, 24)
    if kind == "positive":
        x = x.relu()
    elif kind == "far from the origin":
        x += 20 * torch.randn(24)
    elif kind == "almost the same":  # rounding to bfloat16 makes them equal
        x = 1 + 1e-4 * x
    elif kind == "repeated":
        x = x[:, :5].repeat(1, 8, 1)
    elif kind == "equal":
        x = x[:, :1].expand(-1, 40, -1)
    elif kind == "of zeros":
        x, weight[3] = 0 * x, 0
    elif kind == "of any scale":
        x = x * torch.tensor([1e-30, 1.0, 1e30])[:, None, None]
    elif kind == "of channels of any scale":
        weight = weight * torch.logspace(-30, 14, 16)[:, None]
    elif kind == "in bfloat16":
        x = x.bfloat16()
    return x, weight


KINDS = (
    *("any", "positive", "far from the origin", "almost the same", "repeated", "equal", "of zeros", "of any scale"),
    *("of channels of any scale", "in bfloat16"),
)


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_points_are_those_of_exact_products(kind: str, threads: int) -> None:
    x, weight = clouds(kind)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        value, index = screened_maximum(x, weight)
    finally:
        torch.set_num_threads(before)
    exact = x.double() @ weight.double().t()  # (B, N, C)
    rounding = 1e-6 * x.double().norm(dim=2, keepdim=True) * weight.double().norm(dim=1)
    assert ((value - exact.amax(dim=1)).abs() <= rounding.amax(dim=1)).all()
    found = exact.gather(1, index[:, None])[:, 0]
    assert (exact.amax(dim=1) - found <= rounding.amax(dim=1)).all()


def test_errors_of_the_products_are_covered() -> None:
    """All roundings of a row are down, and those of another one up, so that its product seems to be larger."""
    channels, step = 509, 2**-8  # half of the distance of numbers above 1
    weight = torch.full((8, channels), 1 + 0.999 * step)
    x = torch.zeros(32, channels)  # the other rows are no candidates
    x[5], x[9, 2:] = weight[0], 1 + 1.001 * step
    exact, rounded = (x.double() @ weight.double().t())[:, 0], (x.bfloat16().double().sum(dim=1))
    assert exact[5] > exact[9] and rounded[5] < rounded[9]
    value, index = Screen(weight, 32)._chunk(x, torch.zeros(channels))
    assert index.dtype == torch.int32 and index.tolist() == [5] * 8
    torch.testing.assert_close(value, exact[5].float().expand(8))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_value_that_is_not_finite_stays_visible(bad: float) -> None:
    x, weight = clouds("any")
    x[1, 3, 2] = bad
    value, _ = screened_maximum(x, weight)
    assert value[[0, 2]].isfinite().all() and not value[1].isfinite().any()


def test_many_candidates_end_the_search() -> None:
    x, weight = clouds("equal")
    screen, offset = Screen(weight, 40), torch.ones(40, 24)
    value, index = screen._chunk(offset, torch.zeros(24))
    torch.testing.assert_close(value, weight.sum(dim=1))
    assert index.dtype == torch.int64 and not index.any()  # of PyTorch's search, the kernel's are narrower
    value, index = screen._chunk(x[0] + torch.randn(40, 24), torch.zeros(24))
    assert index.dtype == torch.int32


def test_only_large_clouds_in_float32_on_the_cpu_are_screened(monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight = clouds("any")
    assert can_screen(x, weight, 40) and can_screen(x.bfloat16(), weight, 40)
    assert not can_screen(x.double(), weight, 40) and not can_screen(x, weight.double(), 40)
    assert not can_screen(x, weight[:15], 40) and not can_screen(x.to("meta"), weight.to("meta"), 40)
    with without_kernels():
        assert not can_screen(x, weight, 40)
    with monkeypatch.context() as patch:
        patch.setattr(module, "MIN_PRODUCTS", 40 * 16 * 24 + 1)
        assert not can_screen(x, weight, 40) and can_screen(x, weight, 41)
    monkeypatch.setattr(module, "multiplies_bf16", lambda: False)
    assert not can_screen(x, weight, 40)


def test_the_pooled_layer_is_the_same_with_and_without() -> None:
    x, weight = clouds("positive")
    sign = torch.tensor([1.0, -1.0]).repeat(8)
    results = []
    for screened in (True, False):
        a, b = x.clone().requires_grad_(), weight.clone().requires_grad_()
        with nullcontext() if screened else without_kernels():
            extreme, mean, var = PooledProduct.apply(a, b, sign, True)
        (extreme.square().sum() + mean.sum() + var.sum()).backward()
        assert a.grad is not None and b.grad is not None
        results.append([extreme, mean, var, a.grad, b.grad])
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


def test_frozen_layers_are_the_same_with_and_without() -> None:
    layer = PooledLinear(24, 16).eval()
    x, sizes = torch.randn(67, 24), [40, 7, 20]
    batch = torch.arange(3).repeat_interleave(torch.tensor(sizes))
    with torch.no_grad():
        pooled = layer.pool(x, batch, 3)
        with without_kernels():
            torch.testing.assert_close(pooled, layer.pool(x, batch, 3), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(pooled, layer(x, batch, 3)[1].detach(), rtol=1e-5, atol=1e-5)
