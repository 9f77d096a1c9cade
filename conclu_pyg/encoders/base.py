"""What an encoder is, and how a caller that needs only the pooled features asks for them."""

from __future__ import annotations

from typing import Protocol, cast, runtime_checkable

from torch import Tensor, nn
from torch_geometric.data import Batch


@runtime_checkable
class Encoder(Protocol):
    """The interface of every encoder; a ``torch.nn.Module`` that has it needs no base class.

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``
        - **output:** per-point features ``[M, C]`` and pooled features ``[B, C]``, with C = ``out_channels``
    """

    out_channels: int

    def __call__(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]: ...


def pooled_features(encoder: nn.Module, clouds: Batch) -> Tensor:
    """The features of each cloud, by the encoder's own ``pool(pos, batch, batch_size)`` where it has that shorter way:
    a method of its class. A layer that an encoder keeps as ``self.pool`` is not meant.

    Shapes:
        - **output:** ``[B, C]``
    """
    pool = getattr(type(encoder), "pool", None)
    if callable(pool):
        return cast(Tensor, pool(encoder, clouds.pos, clouds.batch, clouds.num_graphs))
    return cast(Tensor, encoder(clouds.pos, clouds.batch, clouds.num_graphs)[1])
