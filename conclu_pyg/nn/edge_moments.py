"""Mean and covariance of both ends of all edges, computed without a tensor of edges."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from conclu_pyg.nn.neighbor_lists import NeighborLists
from conclu_pyg.nn.neighbor_sum import sum_over


@torch.compiler.disable
def edge_moments(x: Tensor, lists: NeighborLists) -> tuple[Tensor, Tensor]:
    r"""Return the mean and biased covariance of :math:`(x_i \, \Vert \, x_j)` over all edges, where j is a neighbour
    of i.

    The second moments are products of size ``[D, D]`` of x, of x weighted by how often a point is i or j, and of the
    sum of x over the neighbours. Differentiable once.

    Args:
        x: the values, centred, to avoid cancellation.
        lists: the neighbours of each point.

    Shapes:
        - **x:** ``[M, D]``, **output:** mean ``[2 D]``, covariance ``[2 D, 2 D]``
    """
    return _EdgeMoments.apply(x, lists)


class _EdgeMoments(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, lists: NeighborLists) -> tuple[Tensor, Tensor]:
        own, other = _edge_shares(x, lists)
        total = sum_over(x, lists).div_(len(lists.points))  # (M, D)
        mean = torch.cat([own @ x, other @ x])
        cross = x.t() @ total  # (D, D)
        squares = [x.t() @ (share[:, None] * x) for share in (own, other)]
        second = torch.cat([torch.cat([squares[0], cross], dim=1), torch.cat([cross.t(), squares[1]], dim=1)])
        ctx.save_for_backward(x, total, mean)
        ctx.lists = lists
        return mean, second.addr_(mean, mean, alpha=-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_mean: Tensor, grad_covariance: Tensor) -> tuple[Tensor, None]:
        x, total, mean = ctx.saved_tensors
        own, other = _edge_shares(x, ctx.lists)
        both = grad_covariance + grad_covariance.t()
        grad_mean = grad_mean - both @ mean
        (own_part, cross), (_, other_part) = [part.chunk(2, dim=1) for part in both.chunk(2)]  # (D, D) each
        out = torch.outer(own, grad_mean[: x.size(1)]).addr_(other, grad_mean[x.size(1) :])
        out.addmm_(own[:, None] * x, own_part).addmm_(other[:, None] * x, other_part).addmm_(total, cross.t())
        received = sum_over(x, ctx.lists.reversed())  # by each point, from the points that have it as a neighbour
        return out.addmm_(received, cross, alpha=1 / len(ctx.lists.points)), None


def _edge_shares(x: Tensor, lists: NeighborLists) -> tuple[Tensor, Tensor]:
    """Return the share of the edges in which each point is i, and the share in which it is j, ``[M]`` each."""
    other = lists.points.bincount(minlength=len(x))
    return lists.counts.to(x.dtype) / len(lists.points), other.to(x.dtype) / len(lists.points)
