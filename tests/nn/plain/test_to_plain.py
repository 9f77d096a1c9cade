"""The plain form of an encoder computes the same, by layers of other types."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.nn import EdgeConv, PooledLinear
from conclu_pyg.nn.plain.edge_conv import PlainEdgeConv
from conclu_pyg.nn.plain.neighbors import PlainNeighbors
from conclu_pyg.nn.plain.pooled_linear import PlainPooledLinear
from conclu_pyg.nn.plain.to_plain import to_plain
from conclu_pyg.registry import ENCODERS, NEIGHBORS

CONFIGS = {
    "PointNet": {"name": "PointNet", "out_channels": 16},
    "DGCNN": {"name": "DGCNN", "out_channels": 16, "channels": [8, 8], "k": 4},
}


def clouds(sizes: list[int]) -> tuple[Tensor, Tensor, int]:
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return torch.randn(len(batch), 3, dtype=torch.double), batch, len(sizes)


def trained_a_little(encoder: nn.Module) -> nn.Module:
    """In double precision, with norms unlike the start's, of both signs."""
    encoder = encoder.double()
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return encoder


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("sizes", [[9, 9, 9], [5, 12, 4]], ids=["equal", "ragged"])
@pytest.mark.parametrize("training", [True, False])
def test_outputs_statistics_and_gradients_are_the_encoders(
    config: dict[str, object], sizes: list[int], training: bool
) -> None:
    encoder = trained_a_little(ENCODERS.build(config)).train(training)
    plain = to_plain(encoder)
    assert plain.training == training
    given = clouds(sizes)
    ours, theirs = encoder.pool(*given), plain.pool(*given)
    assert torch.allclose(ours, theirs, rtol=1e-8, atol=1e-10)
    weights = torch.randn_like(ours)
    for a, b in zip(
        torch.autograd.grad((weights * ours).sum(), list(encoder.parameters()), allow_unused=True),
        torch.autograd.grad((weights * theirs).sum(), list(plain.parameters()), allow_unused=True),
        strict=True,
    ):
        assert (a is None) == (b is None) and (a is None or torch.allclose(a, b, rtol=1e-6, atol=1e-8))
    for (name, a), (other, b) in zip(encoder.state_dict().items(), plain.state_dict().items(), strict=True):
        assert name == other and torch.allclose(a, b, rtol=1e-8, atol=1e-10), name


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_what_is_frozen_stays_frozen(config: dict[str, object]) -> None:
    encoder = ENCODERS.build(config)
    for place, parameter in enumerate(encoder.parameters()):
        parameter.requires_grad_(place % 2 == 0)
    flags = {name: parameter.requires_grad for name, parameter in encoder.named_parameters()}
    assert {name: parameter.requires_grad for name, parameter in to_plain(encoder).named_parameters()} == flags


class SearchModule(Neighbors, nn.Module):
    """A user's search that is a module, too."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = NEIGHBORS.build({"name": "dense"})

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        return self.inner.search(x, k, sizes)


@pytest.mark.parametrize("hold", [lambda search: nn.Sequential(search), lambda search: nn.ModuleDict({"a": search})])
def test_a_search_that_is_a_module_has_its_plain_form(hold: Callable[[nn.Module], nn.Module]) -> None:
    plain = to_plain(hold(SearchModule().eval()))
    (search,) = plain.children()
    assert isinstance(search, PlainNeighbors) and not search.training
    x, batch, size = clouds([6, 9])
    assert torch.equal(search(x, 3, batch, size).sort().values, SearchModule()(x, 3, batch, size).sort().values)
    encoder = ENCODERS.build(CONFIGS["DGCNN"])
    vars(encoder).pop("neighbors")
    encoder.neighbors = SearchModule()
    assert isinstance(to_plain(encoder).neighbors, PlainNeighbors)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_every_layer_that_has_a_plain_form_takes_it(config: dict[str, object]) -> None:
    encoder = ENCODERS.build(config)
    plain = to_plain(encoder)
    types = [type(module) for module in plain.modules()]
    assert EdgeConv not in types and PooledLinear not in types and type(plain) is type(encoder)
    count = [type(module) for module in encoder.modules()].count
    assert types.count(PlainEdgeConv) == count(EdgeConv) and types.count(PlainPooledLinear) == count(PooledLinear)
    held = [value for module in plain.modules() for value in vars(module).values() if isinstance(value, Neighbors)]
    assert all(type(value) is PlainNeighbors for value in held) and len(held) == (config["name"] == "DGCNN")


def test_the_encoder_is_not_changed_and_shares_no_weights() -> None:
    encoder = ENCODERS.build(CONFIGS["DGCNN"])
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    plain = to_plain(encoder)
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.add_(1)
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
    assert not isinstance(encoder.neighbors, PlainNeighbors) and type(encoder.last) is PooledLinear


class Around(nn.Module):
    """A user's own module with layers at a depth, under names of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict({"first": nn.Sequential(EdgeConv(3, 4, 0.3))})
        self.search = NEIGHBORS.build({"name": "dense"})
        self.other = nn.Linear(4, 4)


def test_layers_are_found_by_their_type_at_any_depth() -> None:
    plain = to_plain(Around().double())
    conv = plain.get_submodule("blocks.first.0")
    assert isinstance(conv, PlainEdgeConv) and conv.act.negative_slope == 0.3
    assert conv.linear.weight.dtype == torch.double and type(plain.search) is PlainNeighbors
    assert type(plain.other) is nn.Linear


LAYERS: dict[str, tuple[Callable[[], nn.Module], type]] = {
    "edge_conv": (lambda: EdgeConv(3, 4), PlainEdgeConv),
    "pooled_linear": (lambda: PooledLinear(3, 4, lambda: nn.LeakyReLU(0.1)), PlainPooledLinear),
}


@pytest.mark.parametrize(("make", "plain"), LAYERS.values(), ids=LAYERS)
def test_a_layer_alone_has_its_plain_form(make: Callable[[], nn.Module], plain: type) -> None:
    layer = make()
    found = to_plain(layer)
    assert type(found) is plain and found.state_dict().keys() == layer.state_dict().keys()
    negative = torch.tensor([-1.0])
    assert torch.equal(found.act(negative.clone()), layer.act(negative.clone()))
