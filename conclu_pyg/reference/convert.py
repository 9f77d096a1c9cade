"""Conversion of an encoder to its reference implementation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.nn.edge_conv import EdgeConv
from conclu_pyg.nn.pooled_linear import PooledLinear
from conclu_pyg.reference.layers import ReferenceEdgeConv, ReferencePooledLinear
from conclu_pyg.reference.neighbors import ReferenceNeighbors

M = TypeVar("M", bound=nn.Module)


def to_reference(module: M) -> M:
    """Return a copy with the same weights that computes the same function by reference layers.

    Every :class:`EdgeConv` is replaced by a :class:`ReferenceEdgeConv`, every :class:`PooledLinear` by a
    :class:`ReferencePooledLinear` and every :class:`~conclu_pyg.neighbors.base.Neighbors` by a
    :class:`ReferenceNeighbors`, at any depth, selected by type. All other layers, including a user's own, are copied
    unchanged.

    Args:
        module: an encoder, or one of these layers; it is not modified.
    """
    return _converted(copy.deepcopy(module))


def _converted(part: Any) -> Any:
    """Return the reference implementation of a part, which may be modified in place."""
    for kind, convert in CONVERSIONS.items():
        if type(part) is kind:
            return convert(part)
    if isinstance(part, Neighbors):
        return _ReferenceNeighborsModule().train(part.training) if isinstance(part, nn.Module) else ReferenceNeighbors()
    if isinstance(part, nn.Module):
        for name, child in part.named_children():
            setattr(part, name, _converted(child))
        for name, value in vars(part).items():  # a neighbour search has no weights and need not be a module
            if isinstance(value, Neighbors):
                setattr(part, name, _converted(value))
    return part


class _ReferenceNeighborsModule(ReferenceNeighbors, nn.Module):
    """Replaces a search that is a module: a module's children must be modules."""


def _reference_edge_conv(layer: EdgeConv) -> ReferenceEdgeConv:
    return _with_weights(ReferenceEdgeConv(layer.in_channels, layer.out_channels, layer.act.negative_slope), layer)


def _reference_pooled_linear(layer: PooledLinear) -> ReferencePooledLinear:
    linear = layer.linear
    return _with_weights(ReferencePooledLinear(linear.in_features, linear.out_features, lambda: layer.act), layer)


def _with_weights(reference: M, layer: nn.Module) -> M:
    """Return ``reference`` with the weights of ``layer``, their device, dtype and ``requires_grad``, and its mode."""
    reference.load_state_dict(layer.state_dict(), assign=True)
    for name, parameter in layer.named_parameters():
        reference.get_parameter(name).requires_grad_(parameter.requires_grad)
    return reference.train(layer.training)


CONVERSIONS: dict[type, Callable[[Any], nn.Module]] = {
    EdgeConv: _reference_edge_conv,
    PooledLinear: _reference_pooled_linear,
}
