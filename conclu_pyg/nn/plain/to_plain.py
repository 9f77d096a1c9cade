"""A whole encoder in its plain form."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.nn.edge_conv import EdgeConv
from conclu_pyg.nn.plain.edge_conv import PlainEdgeConv
from conclu_pyg.nn.plain.neighbors import PlainNeighbors
from conclu_pyg.nn.plain.pooled_linear import PlainPooledLinear
from conclu_pyg.nn.pooled_linear import PooledLinear

M = TypeVar("M", bound=nn.Module)


def to_plain(module: M) -> M:
    """A copy with the same weights that computes the same by the usual layers: the reference of tests and benchmarks.

    Every :class:`EdgeConv` in it becomes a :class:`PlainEdgeConv`, every :class:`PooledLinear` a
    :class:`PlainPooledLinear` and every :class:`~conclu_pyg.neighbors.base.Neighbors` a :class:`PlainNeighbors`, at any
    depth and by their types. What else there is stays as it is, a user's own layers among them.

    Args:
        module: an encoder, or one of those layers; not changed.
    """
    return _replaced(copy.deepcopy(module))


def _replaced(part: Any) -> Any:
    """The plain form of a part, which may be changed; of a module with children, itself with theirs."""
    for kind, replace in PLAIN_FORMS.items():
        if type(part) is kind:
            return replace(part)
    if isinstance(part, Neighbors):
        return _PlainNeighborsModule().train(part.training) if isinstance(part, nn.Module) else PlainNeighbors()
    if isinstance(part, nn.Module):
        for name, child in part.named_children():
            setattr(part, name, _replaced(child))
        for name, value in vars(part).items():  # a search for neighbours has no weights and need not be a module
            if isinstance(value, Neighbors):
                setattr(part, name, _replaced(value))
    return part


class _PlainNeighborsModule(PlainNeighbors, nn.Module):
    """What stands in the place of a search that is a module: nothing else may stand among a module's children."""


def _plain_edge_conv(layer: EdgeConv) -> PlainEdgeConv:
    return _with_weights(PlainEdgeConv(layer.in_channels, layer.out_channels, layer.act.negative_slope), layer)


def _plain_pooled_linear(layer: PooledLinear) -> PlainPooledLinear:
    linear = layer.linear
    return _with_weights(PlainPooledLinear(linear.in_features, linear.out_features, lambda: layer.act), layer)


def _with_weights(plain: M, layer: nn.Module) -> M:
    """``plain`` with the weights of ``layer``, on their device, in their precision, frozen or not, and in its mode."""
    plain.load_state_dict(layer.state_dict(), assign=True)
    for name, parameter in layer.named_parameters():
        plain.get_parameter(name).requires_grad_(parameter.requires_grad)
    return plain.train(layer.training)


PLAIN_FORMS: dict[type, Callable[[Any], nn.Module]] = {
    EdgeConv: _plain_edge_conv,
    PooledLinear: _plain_pooled_linear,
}
