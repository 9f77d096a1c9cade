"""Interface of encoders, and access to their pooled features and to the features of their layers.

An encoder is a ``torch.nn.Module`` with an int attribute ``out_channels``, C, that is called as ``encoder(pos, batch,
batch_size)``. It needs no base class; :class:`Encoder` is its type. Two methods of its class are optional:

- ``pool(pos, batch, batch_size)`` returns the pooled features only, at lower cost;
- ``layers(pos, batch, batch_size)`` returns a list of per-point features of several layers, whose numbers of channels
  the attribute ``layer_channels`` lists, and the pooled features. Part segmentation heads read them.

Two more are the dense entry for clouds of equal size, which an export needs: ``dense(pos)`` and ``dense_layers(pos)``
(:mod:`conclu_pyg.encoders.dense`).

Shapes:
    - **pos:** ``[M, 3]``, **batch:** ``[M]``
    - **output:** per-point features ``[M, C]`` and pooled features ``[B, C]``

One contract holds for the input of every encoder:

- ``pos`` has a floating-point dtype, that of the weights (with autocast, any but float64), is on their device, and is
  finite. It may require a gradient, which then flows through the outputs.
- ``batch`` is int64, on the device of ``pos``, and holds the cloud of each point in ascending order, from 0 to
  ``batch_size - 1``.
- ``batch_size`` is the number of clouds. Each has at least one point.

Other input raises a :class:`~conclu_pyg.errors.DataError`, in training and in evaluation mode
(:func:`~conclu_pyg.encoders.checks.check_input`). :func:`pooled_features` and :func:`layer_features` check the input of
any encoder; the encoders of this package also check it when called directly, by the decorator
:func:`~conclu_pyg.encoders.checks.checked_input`. An encoder can be deep-copied, pickled and compiled by
``torch.compile``, before and after training steps. :func:`conclu_pyg.testing.check_encoder` tests all of this.

A future version may pass point features (normals, colours) as an optional fourth argument ``x``.
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.encoders.checks import check_input, checks_input, describe
from conclu_pyg.errors import ConfigError


class Encoder(Protocol):
    """Type of encoders, which are ``torch.nn.Module`` in addition; see :mod:`conclu_pyg.encoders.base`."""

    out_channels: int

    def __call__(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]: ...


def channels_of(encoder: nn.Module) -> int:
    """Return the encoder's ``out_channels``.

    Raises:
        ConfigError: it is missing, or not an int >= 1.
    """
    channels: Any = getattr(encoder, "out_channels", None)
    if not isinstance(channels, int) or channels < 1:
        raise ConfigError(
            f"{type(encoder).__name__}: expected out_channels, the number of features, as an int >= 1, got "
            f"{channels!r}; set it in the constructor.",
            argument="out_channels",
            got=channels,
        )
    return channels


def pooled_features(encoder: nn.Module, clouds: Batch) -> Tensor:
    """Return the features of each cloud, by the method ``pool(pos, batch, batch_size)`` if the encoder's class has it.

    A layer that is stored as ``self.pool`` is not called.

    Shapes:
        - **output:** ``[B, C]``

    Raises:
        DataError: the clouds violate the contract of encoders.
        ConfigError: the encoder returns something else.
    """
    shape = (clouds.num_graphs, channels_of(encoder))
    pool = getattr(type(encoder), "pool", None)
    if callable(pool):
        output = pooled = _call(encoder, "pool", clouds)
        expected = ".pool: expected pooled features"
    else:
        output = _call(encoder, "forward", clouds)
        pooled = output[1] if isinstance(output, (tuple, list)) and len(output) == 2 else None
        expected = ": expected a pair of per-point features and pooled features"
    if not isinstance(pooled, Tensor) or pooled.shape != shape:
        raise ConfigError(
            f"{type(encoder).__name__}{expected} of shape {list(shape)} (clouds, out_channels), got "
            f"{describe(output)}.",
            got=describe(output),
        )
    return pooled


def layer_channels(encoder: nn.Module) -> list[int]:
    """Return the numbers of channels of :func:`layer_features`: the encoder's ``layer_channels`` if its class has the
    method ``layers``, else ``out_channels`` alone.

    Raises:
        ConfigError: the class has ``layers``, but the encoder has no valid ``layer_channels``.
    """
    if not callable(getattr(type(encoder), "layers", None)):
        return [channels_of(encoder)]
    sizes: Any = getattr(encoder, "layer_channels", None)
    if not isinstance(sizes, (list, tuple)) or not sizes or not all(isinstance(size, int) for size in sizes):
        raise ConfigError(
            f"{type(encoder).__name__}: expected layer_channels as a list of ints, the numbers of channels of the "
            f"features that layers returns, got {sizes!r}.",
            argument="layer_channels",
            got=sizes,
        )
    return list(sizes)


def layer_features(encoder: nn.Module, clouds: Batch) -> tuple[list[Tensor], Tensor]:
    """Return the per-point features of the encoder's layers, and the pooled features.

    Shapes:
        - **output:** ``[M, c]`` for each c of :func:`layer_channels`; ``[B, C]``

    Raises:
        DataError: the clouds violate the contract of encoders.
        ConfigError: the encoder returns something else.
    """
    has_layers = callable(getattr(type(encoder), "layers", None))
    output = _call(encoder, "layers" if has_layers else "forward", clouds)
    parts: list[Any] = list(output) if isinstance(output, (tuple, list)) and len(output) == 2 else [None, None]
    layers, pooled = parts[0] if has_layers else [parts[0]], parts[1]
    expected = [[len(clouds.pos), size] for size in layer_channels(encoder)]
    shapes = [list(x.shape) if isinstance(x, Tensor) else None for x in (layers if isinstance(layers, list) else [])]
    shape = (clouds.num_graphs, channels_of(encoder))
    if shapes != expected or not isinstance(pooled, Tensor) or pooled.shape != shape:
        first = (
            f".layers: expected a list of features of shapes {expected}"
            if has_layers
            else f": expected per-point features of shape {expected[0]}"
        )
        raise ConfigError(
            f"{type(encoder).__name__}{first} and pooled features of shape {list(shape)}, got {describe(output)}.",
            got=describe(output),
        )
    return layers, pooled


def _call(encoder: nn.Module, method: str, clouds: Batch) -> Any:
    """Call a method of the encoder, after the check of its input unless the method checks it."""
    if not checks_input(getattr(encoder, method, None)):
        check_input(encoder, clouds.pos, clouds.batch, clouds.num_graphs)
    call: Any = encoder if method == "forward" else getattr(encoder, method)
    return call(clouds.pos, clouds.batch, clouds.num_graphs)
