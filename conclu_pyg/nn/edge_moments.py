"""Mean and covariance of both ends of the edges, without edges."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from conclu_pyg.nn.neighbor_lists import NeighborLists
from conclu_pyg.nn.neighbor_sum import sum_over


@torch.compiler.disable
def edge_moments(x: Tensor, lists: NeighborLists) -> tuple[Tensor, Tensor]:
    r"""Mean and biased covariance of :math:`(x_i \, \Vert \, x_j)` over all edges, where j is a neighbour of i.

    The second moments are products of size ``[D, D]`` of x, of x weighted by how often a point is i or j, and of the
    sum of x over the neighbours. Differentiable once.

    Args:
        x: about 0 in the mean, lest the squares cancel.
        lists: the neighbours.

    Shapes:
        - **x:** ``[M, D]``, **output:** mean ``[2 D]``, covariance ``[2 D, 2 D]``
    """
    return _EdgeMoments.apply(x, lists)


class _EdgeMoments(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, lists: NeighborLists) -> tuple[Tensor, Tensor]:
        own, near = _shares(x, lists)
        total = sum_over(x, lists).div_(len(lists.points))  # (M, D)
        mean = torch.cat([own @ x, near @ x])
        cross = x.t() @ total  # (D, D)
        squares = [x.t() @ (share[:, None] * x) for share in (own, near)]
        second = torch.cat([torch.cat([squares[0], cross], dim=1), torch.cat([cross.t(), squares[1]], dim=1)])
        ctx.save_for_backward(x, total, mean)
        ctx.lists = lists
        return mean, second.addr_(mean, mean, alpha=-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_mean: Tensor, grad_covariance: Tensor) -> tuple[Tensor, None]:
        x, total, mean = ctx.saved_tensors
        own, near = _shares(x, ctx.lists)
        both = grad_covariance + grad_covariance.t()
        grad_mean = grad_mean - both @ mean
        (of_own, cross), (_, of_near) = [part.chunk(2, dim=1) for part in both.chunk(2)]  # (D, D) each
        out = torch.outer(own, grad_mean[: x.size(1)]).addr_(near, grad_mean[x.size(1) :])
        out.addmm_(own[:, None] * x, of_own).addmm_(near[:, None] * x, of_near).addmm_(total, cross.t())
        received = sum_over(x, ctx.lists.reversed())  # by each point, from those whose neighbour it is
        return out.addmm_(received, cross, alpha=1 / len(ctx.lists.points)), None


def _shares(x: Tensor, lists: NeighborLists) -> tuple[Tensor, Tensor]:
    """In which share of the edges each point is i, and in which it is j, ``[M]`` each."""
    near = lists.points.bincount(minlength=len(x))
    return lists.counts.to(x.dtype) / len(lists.points), near.to(x.dtype) / len(lists.points)
