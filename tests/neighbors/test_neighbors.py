"""Every registered neighbour search against sorting of all distances."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from conclu_pyg import NEIGHBORS
from conclu_pyg.errors import ConcluError, ConfigError, DataError
from conclu_pyg.kernels import without_kernels
from conclu_pyg.neighbors import features

SIZES = {
    "equal": [40, 40, 40],
    "ragged": [3, 70, 1, 20, 33],
    "one cloud": [50],
    "one point per cloud": [1, 1, 1],
    "fewer than k": [4, 2, 6, 4],
}

Search = Callable[[Tensor, int, Tensor, int], Tensor]


@pytest.fixture(params=[*NEIGHBORS, "dense without kernels", "dense in bfloat16"])
def search(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Search]:
    if request.param == "torch_cluster":
        pytest.importorskip("torch_cluster")
    narrow = request.param == "dense in bfloat16"
    monkeypatch.setattr(features, "multiplies_bf16", lambda: narrow)
    if narrow:
        monkeypatch.setattr(features, "MIN_POINTS", 0)
        monkeypatch.setattr(features, "MIN_CHANNELS", 4)
    name, _, without = request.param.partition(" ")
    neighbors: Search = NEIGHBORS.build({"name": name})
    with without_kernels() if without == "without kernels" else nullcontext():
        yield neighbors


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def batch_of(sizes: list[int]) -> Tensor:
    return torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))


def check(index: Tensor, x: Tensor, k: int, batch: Tensor, *, ties: bool = False, rounding: float = 1e-12) -> None:
    """Compares with an oracle that sorts all distances in double precision: the sets, or with ``ties`` the distances.

    Args:
        rounding: how much distances may be off, as a part of the largest one in the cloud.
    """
    assert index.dtype == torch.long and index.shape == (len(x), k) and not index.requires_grad
    points, clouds = x.detach().double().numpy(), batch.numpy()
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    squares[clouds[:, None] != clouds[None]] = np.inf
    rows, sizes = index.numpy(), np.bincount(clouds)[clouds]
    found = np.arange(k) < sizes[:, None]  # (M, k)
    assert ((rows >= 0) == found).all() and (rows[~found] == -1).all()
    assert all(len(set(row[:size])) == min(k, size) for row, size in zip(rows.tolist(), sizes, strict=True))
    nearest = np.argsort(squares, axis=1, kind="stable")
    nearest = np.where(found, np.pad(nearest, [(0, 0), (0, k)])[:, :k], -1)
    if not ties:
        assert np.array_equal(np.sort(rows, axis=1), np.sort(nearest, axis=1))
        assert (rows == np.arange(len(x))[:, None]).any(axis=1).all()
    ours, theirs = (np.sort(np.where(found, np.take_along_axis(squares, i, 1), 0), axis=1) for i in (rows, nearest))
    largest = np.where(np.isinf(squares), 0, squares).max(axis=1, keepdims=True)
    assert (np.abs(ours - theirs) <= rounding * largest).all()


# What is found


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("k", [1, 5, 20])
@pytest.mark.parametrize("channels", [1, 3, 12])
def test_the_nearest_of_the_same_cloud(search: Search, sizes: list[int], k: int, channels: int) -> None:
    batch = batch_of(sizes)
    x = torch.randn(len(batch), channels, dtype=torch.double)
    check(search(x, k, batch, len(sizes)), x, k, batch)
    x = x.float()  # whose random values do not tie either, or only to rounding
    check(search(x, k, batch, len(sizes)), x, k, batch, ties=True, rounding=1e-6)


@pytest.mark.parametrize("sizes", [[500, 500], [700, 20, 400, 20, 3, 100]], ids=["equal", "ragged"])
@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_large_clouds(search: Search, sizes: list[int], dtype: torch.dtype, threads: int) -> None:
    batch = batch_of(sizes)
    x = torch.randn(len(batch), 8, dtype=dtype)
    index = search(x, 20, batch, len(sizes))
    check(index, x, 20, batch, ties=dtype == torch.float, rounding=1e-6 if dtype == torch.float else 1e-12)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("k", [1, 7, 20])
@pytest.mark.parametrize("levels", [1, 2, 4])
def test_duplicates_and_ties_give_the_right_distances(search: Search, sizes: list[int], k: int, levels: int) -> None:
    batch = batch_of(sizes)
    x = torch.randint(levels, (len(batch), 3)).float()  # on a grid: squared distances are whole numbers
    check(search(x, k, batch, len(sizes)), x, k, batch, ties=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("sizes", [SIZES["equal"], SIZES["ragged"]], ids=["equal", "ragged"])
def test_16_bits_are_widened(search: Search, dtype: torch.dtype, sizes: list[int]) -> None:
    batch = batch_of(sizes)
    x = torch.randn(len(batch), 16).to(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        index = search(x, 6, batch, len(sizes))
    check(index, x, 6, batch, ties=True, rounding=1e-6)
    assert torch.equal(index.sort().values, search(x.float(), 6, batch, len(sizes)).sort().values)


def test_autocast_is_switched_off(search: Search) -> None:
    x, batch = torch.randn(200, 32), batch_of([100, 100])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        index = search(x, 5, batch, 2)
    assert torch.equal(index, search(x, 5, batch, 2))


@pytest.mark.parametrize("offset", [1e2, 1e4, -1e6])
@pytest.mark.parametrize("sizes", [SIZES["equal"], SIZES["ragged"]], ids=["equal", "ragged"])
def test_a_large_offset_costs_no_precision(search: Search, offset: float, sizes: list[int]) -> None:
    batch = batch_of(sizes)
    x = torch.randn(len(batch), 3) + offset * (1 + batch[:, None])  # each cloud has its own
    check(search(x, 4, batch, len(sizes)), x, 4, batch, ties=True, rounding=1e-6)


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_any_scale_whose_squares_are_finite(search: Search, scale: float) -> None:
    x, batch = scale * torch.randn(60, 3), batch_of([60])
    check(search(x, 4, batch, 1), x, 4, batch, ties=True, rounding=1e-6)


def test_a_cloud_is_searched_independently_of_its_batch(search: Search) -> None:
    sizes = [30, 7, 45]
    x, batch = torch.randn(82, 5, dtype=torch.double), batch_of(sizes)
    together = search(x, 9, batch, 3).sort().values
    begin = 0
    for size in sizes:
        alone = search(x[begin : begin + size], 9, batch_of([size]), 1).sort().values
        assert torch.equal(together[begin : begin + size], torch.where(alone < 0, -1, alone + begin))
        begin += size


def test_no_gradient_flows_and_the_input_stays(search: Search) -> None:
    x, batch = torch.randn(40, 3, requires_grad=True), batch_of([20, 20])
    before = x.detach().clone()
    assert not search(x, 3, batch, 2).requires_grad and torch.equal(x, before) and torch.is_grad_enabled()


@pytest.mark.parametrize("sizes", [SIZES["equal"], SIZES["ragged"]], ids=["equal", "ragged"])
def test_it_gives_the_same_again(search: Search, sizes: list[int], threads: int) -> None:
    batch = batch_of(sizes)
    x = torch.randint(3, (len(batch), 4)).float()  # with ties
    first = search(x, 5, batch, len(sizes))
    assert all(torch.equal(search(x, 5, batch, len(sizes)), first) for _ in range(5))


def test_any_memory_layout_is_accepted(search: Search) -> None:
    wide, batch = torch.randn(4, 90, dtype=torch.double), batch_of([30, 30, 30])
    x = wide.t()[:, 1:]
    assert not x.is_contiguous()
    check(search(x, 5, batch, 3), x, 5, batch)


def test_a_compiled_model_may_call_it(search: Search) -> None:
    batch = batch_of([20, 20])

    def model(x: Tensor) -> Tensor:
        return (2 * x)[search(2 * x, 3, batch, 2)].amax(dim=1).sum()

    x = torch.randn(40, 3, requires_grad=True)
    (grad,) = torch.autograd.grad(torch.compile(model, backend="eager")(x), x)
    (expected,) = torch.autograd.grad(model(x), x)
    assert torch.equal(grad, expected)


# What is refused


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"k": 0}, ConfigError, "neighbours: k must be >= 1, got 0."),
        ({"k": -3}, ConfigError, "k must be >= 1, got -3."),
        ({"batch_size": 0}, DataError, "batch_size must be >= 1, got 0."),
        ({"batch_size": 4}, DataError, "cloud 3 of the 4 in this batch has no points."),
        ({"batch": batch_of([4, 0, 2])}, DataError, "cloud 1 of the 3 in this batch has no points."),
        (
            {"batch": torch.tensor([0, 1, 2, 0, 1, 2])},
            DataError,
            "expected a batch that ascends from 0 to 2, got another order or range",
        ),
        ({"batch": torch.tensor([0, 0, 1, 2, 3, 3])}, DataError, "ascends from 0 to 2"),
        ({"batch": torch.tensor([-1, 0, 1, 1, 2, 2])}, DataError, "ascends from 0 to 2"),
        (
            {"batch": batch_of([2, 2, 1])},
            DataError,
            "expected an int64 batch of shape [6], one entry per point, got torch.int64 of [5].",
        ),
        ({"batch": batch_of([2, 2, 2]).int()}, DataError, "got torch.int32 of [6]."),
        ({"x": torch.zeros(6)}, DataError, "expected floating-point x of shape [M, D], got torch.float32 of [6]."),
        ({"x": torch.zeros(6, 0)}, DataError, "got torch.float32 of [6, 0]."),
        ({"x": torch.zeros(6, 3).long()}, DataError, "got torch.int64 of [6, 3]."),
        ({"x": torch.zeros(0, 3), "batch": batch_of([0])}, DataError, "cloud 0 of the 3 in this batch has no points."),
        (
            {"x": torch.zeros(6, 3).index_fill(0, torch.tensor(4), torch.nan)},
            DataError,
            "expected finite values with finite squared distances, got values from nan",
        ),
        ({"x": torch.zeros(6, 3).index_fill(0, torch.tensor(4), torch.inf)}, DataError, "values from 0 to inf;"),
        ({"x": torch.zeros(6, 3).index_fill(0, torch.tensor(4), -torch.inf)}, DataError, "values from -inf to 0;"),
        ({"x": torch.linspace(-1e19, 1e19, 6)[:, None]}, DataError, "values from -1e+19 to 1e+19;"),
    ],
)
def test_invalid_input_is_refused(search: Any, change: dict[str, Any], error: type[ConcluError], sentence: str) -> None:
    arguments = {"x": torch.randn(6, 3), "k": 2, "batch": batch_of([2, 2, 2]), "batch_size": 3} | change
    with pytest.raises(error) as raised:
        search(**arguments)
    assert sentence in str(raised.value) and "\n" not in str(raised.value) and str(raised.value).endswith(".")


@pytest.mark.parametrize("kind", ["equal", "ragged"])
def test_another_default_device_has_no_effect(search: Search, threads: int, kind: str) -> None:
    batch, size = batch_of(SIZES[kind]), len(SIZES[kind])
    x = torch.randn(len(batch), 3)
    expected = search(x, 5, batch, size)
    with torch.device("meta"):
        index = search(x, 5, batch, size)
    assert torch.equal(index.sort().values, expected.sort().values)
