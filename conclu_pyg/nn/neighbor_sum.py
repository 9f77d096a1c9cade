"""The sum over each point's neighbours."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding_bag

from conclu_pyg.nn.neighbor_lists import NeighborLists


@torch.compiler.disable
def neighbor_sum(x: Tensor, lists: NeighborLists) -> Tensor:
    """The sum of x over the neighbours of each point, 0 where it has none; no tensor of edges. Differentiable once.

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
        # A point receives from those that have it as a neighbour: a sum again, where a scatter would add edge by edge.
        return sum_over(grad.contiguous(), ctx.lists.reversed()), None


def sum_over(x: Tensor, lists: NeighborLists) -> Tensor:
    """What :func:`neighbor_sum` gives, outside autograd."""
    return embedding_bag(lists.points, x, lists.ptr[:-1], mode="sum")
