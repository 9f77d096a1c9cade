"""The order of a cloud's points in a balanced k-d tree."""

from __future__ import annotations

import torch
from torch import Tensor

from conclu_pyg.nn.lexicographic import lexicographic_order


@torch.no_grad()
def kd_order(pos: Tensor, ptr: Tensor, depth: int) -> Tensor:
    """Return the indices that put the points of each cloud in the order of the leaves of a k-d tree.

    Each node is split in the middle of its points, which are sorted by x, y, z in turn; points with an equal coordinate
    by the next two, so that the order depends on neither the order of the input nor the other clouds of the batch. At
    depth d the points from floor(i n / 2^d) to floor((i + 1) n / 2^d) of a cloud of n points are those of node i.

    Args:
        pos: the coordinates.
        ptr: where each cloud begins, and the end of the last one.
        depth: splits on the way from the root to a leaf.

    Shapes:
        - **pos:** ``[M, 3]``, **ptr:** ``[B + 1]``, **output:** ``[M]``
    """
    num, counts = len(pos), ptr.diff()
    cloud = torch.arange(len(counts), device=pos.device).repeat_interleave(counts)  # (M,)
    rank = torch.arange(num, device=pos.device) - ptr[cloud]  # of a position in its cloud
    ranks = [_ranks(pos.roll(-axis, dims=1)) for axis in range(3)]
    order = torch.arange(num, device=pos.device)
    for level in range(depth + 1):
        nodes = 2**level
        node = ((rank + 1) * nodes - 1).div(counts[cloud], rounding_mode="floor")
        group = cloud * nodes + node  # not decreasing
        order = order[(group * num + ranks[level % 3][order]).argsort()]
    return order


def _ranks(pos: Tensor) -> Tensor:
    """Return the rank of each point by its first coordinate, then by its second and third; of equal points by the
    input's order, which does not matter.

    Shapes:
        - **pos:** ``[M, 3]``, **output:** ``[M]``
    """
    order = lexicographic_order(pos[None])[0]
    return torch.empty_like(order).scatter_(0, order, torch.arange(len(pos), device=pos.device))
