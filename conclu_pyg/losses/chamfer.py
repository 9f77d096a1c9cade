"""The Chamfer distance between point clouds."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from conclu_pyg.losses.nearest import nearest_points


def chamfer_distance(a: Tensor, b: Tensor, *, squared: bool = True, reduction: Literal["sum", "max"] = "sum") -> Tensor:
    r"""Return the Chamfer distance of each pair of clouds (`Fan et al. <https://arxiv.org/abs/1612.00603>`_,
    section 4.1), the sum of both directions

    .. math::
        d(A, B) = \frac{1}{N} \sum_{x \in A} \min_{y \in B} \|x - y\|^p
        + \frac{1}{M} \sum_{y \in B} \min_{x \in A} \|x - y\|^p

    with p = 2, or p = 1 as in `PCN <https://arxiv.org/abs/1808.00671>`_; or the larger one of both directions, with
    p = 1, as in `FoldingNet <https://arxiv.org/abs/1712.07262>`_ (equation 1).

    It is exact, in float32 at least, also under autocast. The nearest points are searched without a graph, and without
    the matrix of all distances (:mod:`conclu_pyg.losses.nearest`), so that memory does not grow with N M.

    Args:
        a: the first clouds.
        b: the second clouds.
        squared: whether the distances are squared (default: true).
        reduction: of the two directions, ``sum`` or ``max`` (default: sum).

    Shapes:
        - **a:** ``[B, N, 3]``, **b:** ``[B, M, 3]``, **output:** ``[B]``
    """
    with torch.autocast(a.device.type, enabled=False):
        dtype = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.float32)
        a, b = a.to(dtype), b.to(dtype)
        nearest_in_b, nearest_in_a = nearest_points(a.detach(), b.detach())
        there = mean_distance(a, b, nearest_in_b, squared=squared)
        back = mean_distance(b, a, nearest_in_a, squared=squared)
        return torch.maximum(there, back) if reduction == "max" else there + back


def mean_distance(a: Tensor, b: Tensor, index: Tensor, *, squared: bool) -> Tensor:
    """Return the mean distance from the points of ``a`` to those of ``b`` that ``index`` names.

    Shapes:
        - **a:** ``[B, N, 3]``, **b:** ``[B, M, 3]``, **index:** ``[B, N]``, **output:** ``[B]``
    """
    difference = a - b.gather(1, index[:, :, None].expand(-1, -1, 3))  # (B, N, 3)
    if squared:
        return difference.square().sum(dim=2).mean(dim=1)
    return torch.linalg.vector_norm(difference, dim=2).mean(dim=1)  # its subgradient at 0 is 0
