"""The maximum over neighbours, with row indices packed into narrow values."""

import pytest
import torch
from helpers import raises
from torch import Tensor

from conclu_pyg.errors import DataError
from conclu_pyg.nn.neighbor_lists import NeighborLists
from conclu_pyg.nn.neighbor_max import neighbor_max

pytestmark = pytest.mark.usefixtures("either_implementation")

CHANNELS = 70  # more than one block


def table(gaps: float) -> Tensor:
    index = torch.stack([torch.randperm(20)[:6] for _ in range(20)])
    return index.masked_fill(torch.rand(20, 6) < gaps, -1)


@pytest.mark.parametrize("dtype", [torch.float, torch.bfloat16, torch.half, torch.double])
@pytest.mark.parametrize("gaps", [0, 0.3, 0.7], ids=["full", "gaps", "some without neighbours"])
def test_each_maximum_is_a_neighbours_and_its_gradient_goes_there(dtype: torch.dtype, gaps: float) -> None:
    index = table(gaps)
    x = (torch.randn(20, CHANNELS) * 10.0 ** torch.randint(-44, 5, (20, CHANNELS))).to(dtype)  # subnormal ones too
    x[::3] = 0.0
    x.requires_grad_()
    lists = NeighborLists.from_table(index)
    out = neighbor_max(x, index, lists)
    for point, row in enumerate(index):
        near = row[row >= 0]
        (grad,) = torch.autograd.grad(out[point].sum(), x, retain_graph=True)
        if not len(near):
            assert not out[point].any() and not grad.any()
            continue
        assert torch.equal(out[point], x[near].amax(dim=0))
        chosen, channel = grad.nonzero().unbind(1)
        assert torch.equal(channel.sort().values, torch.arange(CHANNELS)) and torch.isin(chosen, near).all()
        assert torch.equal(x[chosen, channel], out[point, channel])
    with torch.no_grad():
        assert torch.equal(neighbor_max(x, index, lists), out)


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
def test_the_gradients_of_all_points_add_up(dtype: torch.dtype) -> None:
    index, x = table(0.3), torch.randn(20, CHANNELS, dtype=dtype, requires_grad=True)
    weights = torch.randn(20, CHANNELS, dtype=dtype)
    out = neighbor_max(x, index, NeighborLists.from_table(index))
    (grad,) = torch.autograd.grad((weights * out).sum(), x)
    gathered = torch.where((index >= 0)[:, :, None], x[index.clamp(min=0)], -torch.inf).amax(dim=1)
    valid = (index >= 0).any(dim=1)
    (expected,) = torch.autograd.grad((weights * gathered)[valid].sum(), x)
    assert torch.allclose(grad, expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float, torch.bfloat16, torch.half, torch.double])
def test_infinities_are_values_as_others(dtype: torch.dtype) -> None:
    index, x = table(0), torch.randn(20, CHANNELS).to(dtype)
    x[torch.rand(x.shape) < 0.5] = -torch.inf
    x[torch.rand(x.shape) < 0.1] = torch.inf
    x[:, 0] = -torch.inf
    x[:, 1], x[3, 1] = torch.finfo(dtype).max, -torch.finfo(dtype).max
    x.requires_grad_()
    out = neighbor_max(x, index, NeighborLists.from_table(index))
    assert torch.equal(out, x[index].amax(dim=1))
    for point, near in enumerate(index):
        (grad,) = torch.autograd.grad(out[point].sum(), x, retain_graph=True)
        chosen, channel = grad.nonzero().unbind(1)
        assert torch.equal(channel.sort().values, torch.arange(CHANNELS)) and torch.isin(chosen, near).all()
        assert torch.equal(x[chosen, channel], out[point, channel])


@pytest.mark.parametrize(("points", "rows"), [(10, 20), (20, 10)])
def test_a_table_of_another_number_of_points_is_refused(points: int, rows: int) -> None:
    index = torch.zeros(rows, 2, dtype=torch.long)
    with raises(DataError, argument="index", got=rows):
        neighbor_max(torch.randn(points, 3), index, NeighborLists.from_table(index))


def test_nan_propagates_and_its_gradient_affects_no_other_value() -> None:
    index, x = table(0), torch.randn(20, CHANNELS)
    x[3, 5] = torch.nan
    out = neighbor_max(x.requires_grad_(), index, NeighborLists.from_table(index))
    assert torch.equal(out[:, 5].isnan(), (index == 3).any(dim=1)) and out[:, :5].isfinite().all()
    out[:, :5].sum().backward()
    gathered = x.detach()[:, :5].requires_grad_()
    gathered[index].amax(dim=1).sum().backward()
    assert x.grad is not None and torch.equal(x.grad[:, :5], gathered.grad) and not x.grad[:, 6:].any()
