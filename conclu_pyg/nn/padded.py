"""Clouds of different sizes as one tensor with a mask."""

from __future__ import annotations

from torch import Tensor
from torch_geometric.utils import to_dense_batch

from conclu_pyg.nn.pool import equal_clouds


def padded(x: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
    """Return the values of each cloud, followed by zeros up to the size of the largest one, and the mask of values.

    Shapes:
        - **x:** ``[M, C]``, **batch:** ``[M]``, ascending from 0 to ``batch_size - 1``
        - **output:** ``[B, N, C]``, bool ``[B, N]``
    """
    num_points = equal_clouds(batch, batch_size)
    if num_points is not None:
        return x.view(batch_size, num_points, -1), batch.new_ones(batch_size, num_points).bool()
    return to_dense_batch(x, batch, batch_size=batch_size)


def unpadded(x: Tensor, mask: Tensor) -> Tensor:
    """Return the values where the mask is set, one cloud after another: the inverse of :func:`padded`.

    Shapes:
        - **x:** ``[B, N, C]``, **mask:** bool ``[B, N]``, **output:** ``[M, C]``
    """
    return x.flatten(0, 1) if bool(mask.all()) else x[mask]
