"""The reference implementation of an encoder computes the same function."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.nn import EdgeConv, PooledLinear
from conclu_pyg.reference import ReferenceEdgeConv, ReferenceNeighbors, ReferencePooledLinear, to_reference
from conclu_pyg.registry import ENCODERS, NEIGHBORS

CONFIGS = {
    "PointNet": {"name": "PointNet", "out_channels": 16},
    "DGCNN": {"name": "DGCNN", "out_channels": 16, "channels": [8, 8], "k": 4},
}


def clouds(sizes: list[int]) -> tuple[Tensor, Tensor, int]:
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return torch.randn(len(batch), 3, dtype=torch.double), batch, len(sizes)


def trained_a_little(encoder: nn.Module) -> nn.Module:
    """Returns a module in double precision with norms of both signs, unlike the initial ones."""
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
    reference = to_reference(encoder)
    assert reference.training == training
    given = clouds(sizes)
    ours, theirs = encoder.pool(*given), reference.pool(*given)
    assert torch.allclose(ours, theirs, rtol=1e-8, atol=1e-10)
    weights = torch.randn_like(ours)
    for a, b in zip(
        torch.autograd.grad((weights * ours).sum(), list(encoder.parameters()), allow_unused=True),
        torch.autograd.grad((weights * theirs).sum(), list(reference.parameters()), allow_unused=True),
        strict=True,
    ):
        assert (a is None) == (b is None) and (a is None or torch.allclose(a, b, rtol=1e-6, atol=1e-8))
    for (name, a), (other, b) in zip(encoder.state_dict().items(), reference.state_dict().items(), strict=True):
        assert name == other and torch.allclose(a, b, rtol=1e-8, atol=1e-10), name


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_frozen_parameters_stay_frozen(config: dict[str, object]) -> None:
    encoder = ENCODERS.build(config)
    for place, parameter in enumerate(encoder.parameters()):
        parameter.requires_grad_(place % 2 == 0)
    flags = {name: parameter.requires_grad for name, parameter in encoder.named_parameters()}
    assert {name: parameter.requires_grad for name, parameter in to_reference(encoder).named_parameters()} == flags


class SearchModule(Neighbors, nn.Module):
    """A user's search that is a module."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = NEIGHBORS.build({"name": "dense"})

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        return self.inner.search(x, k, sizes)


@pytest.mark.parametrize("hold", [lambda search: nn.Sequential(search), lambda search: nn.ModuleDict({"a": search})])
def test_a_search_that_is_a_module_has_a_reference_implementation(hold: Callable[[nn.Module], nn.Module]) -> None:
    reference = to_reference(hold(SearchModule().eval()))
    (search,) = reference.children()
    assert isinstance(search, ReferenceNeighbors) and not search.training
    x, batch, size = clouds([6, 9])
    assert torch.equal(search(x, 3, batch, size).sort().values, SearchModule()(x, 3, batch, size).sort().values)
    encoder = ENCODERS.build(CONFIGS["DGCNN"])
    vars(encoder).pop("neighbors")
    encoder.neighbors = SearchModule()
    assert isinstance(to_reference(encoder).neighbors, ReferenceNeighbors)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_every_layer_that_has_a_reference_implementation_is_replaced(config: dict[str, object]) -> None:
    encoder = ENCODERS.build(config)
    reference = to_reference(encoder)
    types = [type(module) for module in reference.modules()]
    assert EdgeConv not in types and PooledLinear not in types and type(reference) is type(encoder)
    count = [type(module) for module in encoder.modules()].count
    assert types.count(ReferenceEdgeConv) == count(EdgeConv) and types.count(ReferencePooledLinear) == count(
        PooledLinear
    )
    held = [value for module in reference.modules() for value in vars(module).values() if isinstance(value, Neighbors)]
    assert all(type(value) is ReferenceNeighbors for value in held) and len(held) == (config["name"] == "DGCNN")


def test_the_encoder_is_not_changed_and_shares_no_weights() -> None:
    encoder = ENCODERS.build(CONFIGS["DGCNN"])
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    reference = to_reference(encoder)
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.add_(1)
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
    assert not isinstance(encoder.neighbors, ReferenceNeighbors) and type(encoder.last) is PooledLinear


class Around(nn.Module):
    """A user's module with nested layers under other names."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict({"first": nn.Sequential(EdgeConv(3, 4, 0.3))})
        self.search = NEIGHBORS.build({"name": "dense"})
        self.other = nn.Linear(4, 4)


def test_layers_are_found_by_their_type_at_any_depth() -> None:
    reference = to_reference(Around().double())
    conv = reference.get_submodule("blocks.first.0")
    assert isinstance(conv, ReferenceEdgeConv) and conv.act.negative_slope == 0.3
    assert conv.linear.weight.dtype == torch.double and type(reference.search) is ReferenceNeighbors
    assert type(reference.other) is nn.Linear


LAYERS: dict[str, tuple[Callable[[], nn.Module], type]] = {
    "edge_conv": (lambda: EdgeConv(3, 4), ReferenceEdgeConv),
    "pooled_linear": (lambda: PooledLinear(3, 4, lambda: nn.LeakyReLU(0.1)), ReferencePooledLinear),
}


@pytest.mark.parametrize(("make", "reference"), LAYERS.values(), ids=LAYERS)
def test_a_layer_alone_has_a_reference_implementation(make: Callable[[], nn.Module], reference: type) -> None:
    layer = make()
    found = to_reference(layer)
    assert type(found) is reference and found.state_dict().keys() == layer.state_dict().keys()
    negative = torch.tensor([-1.0])
    assert torch.equal(found.act(negative.clone()), layer.act(negative.clone()))
