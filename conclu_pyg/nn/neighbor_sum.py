"""Sum over each point's neighbours."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding_bag

from conclu_pyg.nn.neighbor_lists import NeighborLists


@torch.compiler.disable
def neighbor_sum(x: Tensor, lists: NeighborLists) -> Tensor:
    """Return the sum of x over the neighbours of each point, 0 for a point without neighbours. No tensor of edges is
    allocated. Differentiable once.

    Shapes:
        - **x:** ``[M, D]``, **output:** ``[M, D]``
    """
    return _NeighborSum.apply(x, lists)


class _NeighborSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, lists: NeighborLists) -> Tensor:
        ctx.lists = lists
        return sum_over(x, lists)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        # Each point receives from the points that have it as a neighbour: again a sum, faster than a scatter by edges.
        return sum_over(grad.contiguous(), ctx.lists.reversed()), None


def sum_over(x: Tensor, lists: NeighborLists) -> Tensor:
    """Return the result of :func:`neighbor_sum`, without autograd."""
    return embedding_bag(lists.points, x, lists.ptr[:-1], mode="sum")
