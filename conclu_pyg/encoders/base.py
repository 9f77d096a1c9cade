"""What an encoder is, and how a caller asks for its pooled features alone, or for the features of its layers.

An encoder is a ``torch.nn.Module`` with the attribute ``out_channels``, an int C, that is called as
``encoder(pos, batch, batch_size)``; it needs no base class. Two methods of its class are taken up where it has them:

- ``pool(pos, batch, batch_size)``: a shorter way to the pooled features alone;
- ``layers(pos, batch, batch_size)``: a list of per-point features of several layers, of the sizes that its attribute
  ``layer_channels`` lists, and the pooled features. Heads that label points read them.

Shapes:
    - **pos:** ``[M, 3]``, **batch:** ``[M]``
    - **output:** per-point features ``[M, C]`` and pooled features ``[B, C]``
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.errors import ConfigError


def channels_of(encoder: nn.Module) -> int:
    """The encoder's ``out_channels``.

    Raises:
        ConfigError: it has none, or not an int above 0.
    """
    channels: Any = getattr(encoder, "out_channels", None)
    if not isinstance(channels, int) or channels < 1:
        raise ConfigError(
            f"{type(encoder).__name__} is no encoder: its out_channels, the size of its features, must be an int above "
            f"0, found {channels!r}."
        )
    return channels


def pooled_features(encoder: nn.Module, clouds: Batch) -> Tensor:
    """The features of each cloud, by the encoder's own ``pool(pos, batch, batch_size)`` where it has that shorter way:
    a method of its class. A layer that an encoder keeps as ``self.pool`` is not meant.

    Shapes:
        - **output:** ``[B, C]``

    Raises:
        ConfigError: the encoder gives something else.
    """
    shape = (clouds.num_graphs, channels_of(encoder))
    pool = getattr(type(encoder), "pool", None)
    if callable(pool):
        output = pooled = pool(encoder, clouds.pos, clouds.batch, clouds.num_graphs)
        wanted = ".pool must give pooled features"
    else:
        output = encoder(clouds.pos, clouds.batch, clouds.num_graphs)
        pooled = output[1] if isinstance(output, (tuple, list)) and len(output) == 2 else None
        wanted = " must give a pair, per-point features and pooled features"
    if not isinstance(pooled, Tensor) or pooled.shape != shape:
        raise ConfigError(
            f"{type(encoder).__name__}{wanted} of shape {list(shape)} (clouds, out_channels), found "
            f"{_describe(output)}."
        )
    return pooled


def layer_channels(encoder: nn.Module) -> list[int]:
    """The sizes of what :func:`layer_features` gives: those that the encoder's ``layer_channels`` lists where it has
    the method ``layers``, or else ``out_channels`` alone.

    Raises:
        ConfigError: it has that method and not that list.
    """
    if not callable(getattr(type(encoder), "layers", None)):
        return [channels_of(encoder)]
    sizes: Any = getattr(encoder, "layer_channels", None)
    if not isinstance(sizes, (list, tuple)) or not sizes or not all(isinstance(size, int) for size in sizes):
        raise ConfigError(
            f"{type(encoder).__name__} has the method layers, so its layer_channels must list the sizes of their "
            f"features, found {sizes!r}."
        )
    return list(sizes)


def layer_features(encoder: nn.Module, clouds: Batch) -> tuple[list[Tensor], Tensor]:
    """The per-point features of the encoder's layers, and the pooled features.

    Shapes:
        - **output:** ``[M, c]`` for each c of :func:`layer_channels`; ``[B, C]``

    Raises:
        ConfigError: the encoder gives something else.
    """
    points = len(clouds.pos)
    named = callable(getattr(type(encoder), "layers", None))
    call: Any = encoder.layers if named else encoder
    output = call(clouds.pos, clouds.batch, clouds.num_graphs)
    parts: list[Any] = list(output) if isinstance(output, (tuple, list)) and len(output) == 2 else [None, None]
    layers, pooled = parts[0] if named else [parts[0]], parts[1]
    shapes = [[points, size] for size in layer_channels(encoder)]
    given = [list(x.shape) if isinstance(x, Tensor) else None for x in (layers if isinstance(layers, list) else [])]
    shape = (clouds.num_graphs, channels_of(encoder))
    if given != shapes or not isinstance(pooled, Tensor) or pooled.shape != shape:
        wanted = (
            f".layers must give a list of features of shapes {shapes}"
            if named
            else f" must give per-point features of shape {shapes[0]}"
        )
        raise ConfigError(
            f"{type(encoder).__name__}{wanted} and pooled features of shape {list(shape)}, found {_describe(output)}."
        )
    return layers, pooled


def _describe(output: Any) -> str:
    if isinstance(output, Tensor):
        return f"a tensor of shape {list(output.shape)}"
    if isinstance(output, (tuple, list)):
        return f"a {type(output).__name__} of {len(output)}: ({', '.join(map(_describe, output))})"
    return f"an object of type {type(output).__name__}"
