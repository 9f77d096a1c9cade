"""EdgeConv equals its reference implementation and PyG's EdgeConv."""

import copy
from typing import Any

import pytest
import torch
from helpers import assert_error, raises
from torch import Tensor, nn
from torch_geometric.nn import EdgeConv as PyGEdgeConv
from torch_geometric.nn import MessagePassing

from conclu_pyg.errors import ArgumentError, DataError
from conclu_pyg.nn import EdgeConv, edges_to_table, neighbor_max
from conclu_pyg.nn.neighbor_lists import table_to_edges
from conclu_pyg.reference import ReferenceEdgeConv

IN, OUT = 5, 7


def table(sizes: list[int], k: int) -> Tensor:
    """Returns random neighbours in the same cloud, the point itself first, and -1 in clouds of fewer than k points."""
    rows, start = [], 0
    for size in sizes:
        for point in range(size):
            others = torch.randperm(size)
            found = torch.cat([others.new_tensor([point]), others[others != point]])[:k] + start
            rows.append(nn.functional.pad(found, (0, k - len(found)), value=-1))
        start += size
    return torch.stack(rows)


TABLES = {
    "equal": lambda: table([12, 12, 12], 6),
    "ragged": lambda: table([9, 2, 14, 1], 6),
    "k = 1": lambda: table([8, 8], 1),
    "gaps": lambda: table([20], 6).masked_fill(torch.rand(20, 6) < 0.3, -1),
    "no neighbours": lambda: table([20], 6).index_fill(0, torch.tensor([3, 19]), -1),
}


def make(out_channels: int = OUT, in_channels: int = IN, *, slope: float = 0.2) -> EdgeConv:
    """A layer in double precision; its norm has weights of both signs and 0, and statistics unlike the start's."""
    layer = EdgeConv(in_channels, out_channels, slope).double()
    with torch.no_grad():
        layer.norm.weight.copy_(torch.linspace(-1.5, 1.5, out_channels))  # 0 in the middle
        layer.norm.bias.normal_()
        layer.norm.running_mean.normal_()  # type: ignore[union-attr]
        layer.norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return layer


class OfPyG(nn.Module):
    """PyG's own EdgeConv with the layers of ``layer``, called with a table."""

    def __init__(self, layer: EdgeConv) -> None:
        super().__init__()
        self.linear, self.norm = copy.deepcopy(layer.linear), copy.deepcopy(layer.norm)
        layers = nn.Sequential(self.linear, self.norm, nn.LeakyReLU(layer.act.negative_slope))
        self.conv = [PyGEdgeConv(layers)]  # in a list, so that the layers are registered once
        self.load_state_dict(layer.state_dict())  # it has reset them
        self.train(layer.training)

    def forward(self, x: Tensor, index: Tensor) -> Tensor:
        pairs = [(int(j), i) for i, row in enumerate(index) for j in row if j >= 0]
        return self.conv[0](x, torch.tensor(pairs).t())


def reference_of(layer: EdgeConv) -> ReferenceEdgeConv:
    reference = ReferenceEdgeConv(layer.in_channels, layer.out_channels, layer.act.negative_slope)
    reference.load_state_dict(layer.state_dict(), assign=True)
    return copy.deepcopy(reference).train(layer.training)


def gradients(layer: nn.Module, out: Tensor, x: Tensor) -> list[Tensor]:
    """Gradients of a fixed random function of the output."""
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    return list(torch.autograd.grad((weights * out).sum(), [x, *layer.parameters()]))


def agree(
    ours: nn.Module, theirs: nn.Module, x: Tensor, index: Tensor, rtol: float = 1e-9, atol: float = 1e-10
) -> None:
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    out, expected = ours(a, index), theirs(b, index)
    assert torch.allclose(out, expected, rtol=rtol, atol=atol)
    for one, other in zip(gradients(ours, out, a), gradients(theirs, expected, b), strict=True):
        assert torch.allclose(one, other, rtol=rtol, atol=atol)
    for name, value in ours.state_dict().items():
        assert torch.allclose(value, theirs.state_dict()[name], rtol=rtol, atol=atol), name


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("form", [reference_of, OfPyG])
def test_it_equals_the_reference_implementations(kind: str, training: bool, form: Any) -> None:
    ours = make().train(training)
    theirs = form(ours)
    for _ in range(2):  # the second step starts from the first one's statistics
        index = TABLES[kind]()
        agree(ours, theirs, 3 + 2 * torch.randn(len(index), IN, dtype=torch.double), index)
    assert ours.norm.num_batches_tracked == (2 if training else 0)


@pytest.mark.parametrize(("slope", "momentum"), [(0.0, 0.9), (1.0, 0.01)])
def test_it_follows_the_slope_and_the_momentum(slope: float, momentum: float) -> None:
    ours, index = make(slope=slope), table([10, 10], 4)
    ours.norm.momentum = momentum
    theirs = OfPyG(ours)
    agree(ours, theirs, torch.randn(20, IN, dtype=torch.double), index)


def test_a_cumulative_momentum_and_a_norm_without_statistics_or_weights_are_called() -> None:
    x, index = torch.randn(20, IN, dtype=torch.double), table([10, 10], 4)
    for options in ({"momentum": None}, {"track_running_stats": False}, {"affine": False}):
        ours = make()
        ours.norm = nn.BatchNorm1d(OUT, **options).double()
        theirs = OfPyG(ours)
        agree(ours, theirs, x, index)
        agree(ours, theirs, x, index)


class Adapted(nn.Linear):
    """A linear layer with an additional low-rank term, as adapters have; ``weight`` alone does not define it."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, bias=False)
        self.low = nn.Linear(in_channels, 1)
        self.high = nn.Linear(1, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.high(self.low(x))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("make_linear", [Adapted, nn.Linear], ids=["adapter", "with a bias"])
def test_a_replaced_linear_layer_is_called(training: bool, make_linear: Any) -> None:
    ours = make().train(training)
    ours.linear = make_linear(2 * IN, OUT).double()
    agree(ours, OfPyG(ours), torch.randn(20, IN, dtype=torch.double), table([10, 10], 4))


@pytest.mark.parametrize("training", [True, False])
def test_its_gradients_are_those_of_its_function(training: bool) -> None:
    layer, index = make(4, 3).train(training), table([5, 3], 4)
    with torch.no_grad():
        layer.norm.weight.copy_(torch.tensor([-1.2, 0.7, 0.4, -0.3]))  # at 0 the maximum has a kink
    names = [name for name, _ in layer.named_parameters()]

    def conv(x: Tensor, *parameters: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x, index))

    x = torch.randn(8, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(conv, (x, *layer.parameters()))


def test_a_second_derivative_is_refused() -> None:
    layer, index = make(), table([10], 4)
    x = torch.randn(10, IN, dtype=torch.double, requires_grad=True)
    (grad,) = torch.autograd.grad(layer(x, index).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_points_at_the_same_place_share_one_gradient_between_them(dtype: torch.dtype) -> None:
    ours = make().to(dtype)
    theirs = OfPyG(ours)
    half = table([8], 4)
    index = torch.cat([half, half + 8], dim=1).repeat(2, 1)  # each neighbour twice: all maxima tie
    x = torch.randn(8, IN, dtype=dtype).repeat(2, 1)
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    out, expected = ours(a, index), theirs(b, index)
    atol = 1e-10 if dtype == torch.double else 1e-4
    assert torch.allclose(out, expected, atol=atol)
    first, second = gradients(ours, out, a), gradients(theirs, expected, b)
    for grads in (first, second):
        grads[0] = grads[0].view(2, 8, IN).sum(dim=0)  # over a point and its double
    assert all(torch.allclose(one, other, atol=atol) for one, other in zip(first, second, strict=True))


def test_of_other_neighbours_that_tie_exactly_one_receives_the_gradient() -> None:
    for dtype in (torch.double, torch.float):
        layer, index = EdgeConv(2, 1).to(dtype).eval(), torch.tensor([[0, 1, 2], [1, 0, 2], [2, 0, 1]])
        with torch.no_grad():
            layer.linear.weight.copy_(torch.tensor([[0.0, 0.0, 1.0, 0.0]]))  # the second coordinate does not count
        x = torch.tensor([[0.0, 0.0], [1.0, 5.0], [1.0, -5.0]], dtype=dtype, requires_grad=True)
        layer(x, index)[0].sum().backward()
        assert x.grad is not None and sorted(x.grad[1:, 0].tolist()) == pytest.approx([0, 1], abs=1e-4)


@pytest.mark.parametrize("chunk", [1, 100])
def test_chunks_change_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbor_max, "CHUNK", chunk)
    ours, index = make(), TABLES["ragged"]()
    agree(ours, reference_of(ours), torch.randn(len(index), IN, dtype=torch.double), index)


@pytest.mark.parametrize("training", [True, False])
def test_values_far_from_0_keep_the_precision_of_float32(training: bool) -> None:
    wide, index = make(32, 3).train(training), table([50, 50], 8)
    with torch.no_grad():
        wide.linear.weight[:, :3] *= 0.01  # in evaluation the offset itself enters by these
    narrow = copy.deepcopy(wide).float()
    x = (1000 + torch.randn(100, 3)).requires_grad_()
    leaf = x.detach().double().requires_grad_()
    out, expected = narrow(x, index), wide(leaf, index)
    assert torch.allclose(out.double(), expected, atol=2e-5 if training else 2e-4)
    (ours, *_), (theirs, *_) = gradients(narrow, out, x), gradients(wide, expected, leaf)
    assert torch.allclose(ours.double(), theirs, atol=1e-3)
    assert torch.allclose(narrow.norm.running_var.double(), wide.norm.running_var, rtol=1e-4)  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_under_autocast_it_is_close_and_its_moments_have_the_precision_of_float32(dtype: torch.dtype) -> None:
    cast, index = make(32, 16).float(), TABLES["equal"]()
    wide, x = copy.deepcopy(cast).double(), (20 + 0.1 * torch.randn(36, 16)).to(dtype)
    leaf, wide_leaf = x.clone().requires_grad_(), x.double().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = cast(leaf, index)
    expected = wide(wide_leaf, index)
    assert out.dtype == torch.bfloat16 and torch.allclose(out.double(), expected, atol=0.1)
    for name in ("running_mean", "running_var"):
        assert torch.allclose(getattr(cast.norm, name).double(), getattr(wide.norm, name), rtol=1e-4), name
    ours = gradients(cast, out, leaf)
    assert [grad.dtype for grad in ours] == [dtype, *3 * [torch.float32]]
    for grad, theirs in zip(ours, gradients(wide, expected, wide_leaf), strict=True):
        assert nn.functional.cosine_similarity(grad.flatten().double(), theirs.flatten(), dim=0) > 0.95


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_it_gives_the_same(backend: str) -> None:
    ours, index = make(), TABLES["ragged"]()
    compiled = torch.compile(copy.deepcopy(ours), backend=backend)
    x = torch.randn(len(index), IN, dtype=torch.double)
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    out, expected = compiled(a, index), ours(b, index)
    assert torch.allclose(out, expected, rtol=1e-12)
    for one, other in zip(gradients(compiled, out, a), gradients(ours, expected, b), strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_a_norm_that_is_synchronised_computes_its_own_statistics(training: bool) -> None:
    layer = nn.SyncBatchNorm.convert_sync_batchnorm(make()).train(training)
    calls: list[torch.Size] = []
    layer.norm.register_forward_pre_hook(lambda norm, args: calls.append(args[0].shape))
    index, x = TABLES["equal"](), torch.randn(36, IN, dtype=torch.double)
    out = layer(x, index)
    assert calls == [(index.numel(), OUT)] and out.shape == (36, OUT)


def test_it_is_a_message_passing_layer_that_takes_pygs_edges() -> None:
    layer, index = make().eval(), TABLES["ragged"]()
    x = torch.randn(len(index), IN, dtype=torch.double)
    edges = table_to_edges(index)[:, torch.randperm(int((index >= 0).sum()))]
    assert isinstance(layer, MessagePassing)
    assert torch.allclose(layer.propagate(edges, x=x), layer(x, index))
    assert torch.allclose(layer(x, edges_to_table(edges, len(x))), layer(x, index))


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
def test_it_never_holds_a_tensor_of_edges(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch, largest_tensor: Any
) -> None:
    monkeypatch.setattr(neighbor_max, "CHUNK", 2048)
    index = table([64, 64], 16)
    x = torch.randn(128, 24, dtype=dtype, requires_grad=True)
    largest = {}
    for layer in (EdgeConv(24, 32).to(dtype), ReferenceEdgeConv(24, 32).to(dtype)):
        with largest_tensor() as seen:
            layer(x, index).sum().backward()
        largest[type(layer)] = seen.entries
    assert largest[ReferenceEdgeConv] >= 128 * 16 * 2 * 24 and largest[EdgeConv] <= 128 * 2 * 32


def test_a_single_edge_is_refused_as_by_the_norm() -> None:
    layer, x = make(), torch.randn(1, IN, dtype=torch.double)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        layer(x, torch.tensor([[0]]))
    layer.eval()
    assert torch.allclose(layer(x, torch.tensor([[0]])), reference_of(layer)(x, torch.tensor([[0]])))


@pytest.mark.parametrize("grad", [True, False])
def test_nan_reaches_every_point_that_has_it_as_a_neighbour(grad: bool) -> None:
    layer, index = make().float().eval(), table([10, 10], 4)
    x = torch.randn(20, IN)
    x[3] = torch.nan
    out = layer(x.requires_grad_(grad), index)
    near = (index == 3).any(dim=1)
    assert near.sum() > 1 and out[near].isnan().any(dim=1).all()


def test_edges_and_invalid_arguments_are_refused() -> None:
    with raises(DataError, argument="index", got=[2, 30]):
        make()(torch.randn(20, IN, dtype=torch.double), torch.zeros(2, 30, dtype=torch.long))
    with pytest.raises(ArgumentError) as error:
        EdgeConv(3, 0)
    assert_error(error, argument="out_channels", got=0)
    with pytest.raises(ArgumentError) as error:
        EdgeConv(3, 4, -0.1)
    assert_error(error, argument="negative_slope", got=-0.1)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize(("entry", "got"), [(20, (0, 20)), (10**9, (0, 10**9)), (-2, (-2, 19))])
def test_a_neighbour_index_out_of_range_is_refused(
    training: bool, grad: bool, entry: int, got: tuple[int, int]
) -> None:
    layer, index = make().float().train(training), torch.arange(20).repeat(3, 1).t().contiguous()
    index[7, 1] = entry
    with torch.set_grad_enabled(grad), raises(DataError, argument="index", got=got) as error:
        layer(torch.randn(20, IN), index)
    text = "neighbours: expected rows from 0 to 19, or -1 where there is none, got entries from {} to {}."
    assert str(error.value) == text.format(*got)
    with raises(DataError, argument="index", got=got):
        layer.propagate(table_to_edges(index), x=torch.randn(20, IN))


@pytest.mark.parametrize("training", [True, False])
def test_another_default_device_has_no_effect(training: bool) -> None:
    layer, index = make().float().train(training), TABLES["gaps"]()
    x = torch.randn(20, IN, requires_grad=True)
    with torch.device("meta"):
        layer(x, index).sum().backward()
        with torch.no_grad():
            assert layer(x, index).device == x.device
    assert x.grad is not None and x.grad.device == x.device


def test_its_weights_load_into_the_reference_of_and_back() -> None:
    layer = make()
    reference = ReferenceEdgeConv(IN, OUT).double()
    reference.load_state_dict(layer.state_dict())
    make().load_state_dict(reference.state_dict())
    assert str(layer) == f"EdgeConv({IN}, {OUT})" and str(reference) == f"ReferenceEdgeConv({IN}, {OUT})"
