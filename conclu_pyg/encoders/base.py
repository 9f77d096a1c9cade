"""What an encoder is, and how a caller that needs only the pooled features asks for them.

An encoder is a ``torch.nn.Module`` with the attribute ``out_channels``, an int C, that is called as
``encoder(pos, batch, batch_size)``; it needs no base class.

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


def _describe(output: Any) -> str:
    if isinstance(output, Tensor):
        return f"a tensor of shape {list(output.shape)}"
    if isinstance(output, (tuple, list)):
        return f"a {type(output).__name__} of {len(output)}: ({', '.join(map(_describe, output))})"
    return f"an object of type {type(output).__name__}"
