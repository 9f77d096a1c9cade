"""The Chamfer distance between point clouds."""

from __future__ import annotations

import torch
from torch import Tensor

MAX_ENTRIES = 1 << 23  # distances in memory at a time: 32 MiB in float32


def chamfer_distance(a: Tensor, b: Tensor, *, squared: bool = True) -> Tensor:
    r"""Return the Chamfer distance of each pair of clouds, both directions
    (`Fan et al. <https://arxiv.org/abs/1612.00603>`_, section 4.1),

    .. math::
        d(A, B) = \frac{1}{N} \sum_{x \in A} \min_{y \in B} \|x - y\|^p
        + \frac{1}{M} \sum_{y \in B} \min_{x \in A} \|x - y\|^p

    with p = 2, or p = 1 as in `PCN <https://arxiv.org/abs/1808.00671>`_.

    It is exact, in float32 at least, also under autocast. The nearest points are searched a block of ``a`` at a time
    and without a graph, so that memory does not grow with N M.

    Args:
        a: the first clouds.
        b: the second clouds.
        squared: whether the distances are squared (default: true).

    Shapes:
        - **a:** ``[B, N, 3]``, **b:** ``[B, M, 3]``, **output:** ``[B]``
    """
    with torch.autocast(a.device.type, enabled=False):
        dtype = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.float32)
        a, b = a.to(dtype), b.to(dtype)
        nearest_in_b, nearest_in_a = nearest_points(a.detach(), b.detach())
        return _mean_distance(a, b, nearest_in_b, squared) + _mean_distance(b, a, nearest_in_a, squared)


@torch.no_grad()
def nearest_points(a: Tensor, b: Tensor, max_entries: int = MAX_ENTRIES) -> tuple[Tensor, Tensor]:
    """Return the index of the nearest point of ``b`` for each point of ``a``, and the reverse.

    Args:
        a, b: the clouds.
        max_entries: the largest number of distances in memory at a time; at least one row of all clouds is needed.

    Shapes:
        - **a:** ``[B, N, 3]``, **b:** ``[B, M, 3]``, **output:** ``[B, N]`` and ``[B, M]``
    """
    size, num_points = a.shape[:2]
    rows = max(1, max_entries // max(1, size * b.size(1)))
    nearest_in_b = []
    least = torch.full(b.shape[:2], torch.inf, dtype=a.dtype, device=a.device)  # (B, M)
    nearest_in_a = torch.zeros(b.shape[:2], dtype=torch.long, device=a.device)
    for begin in range(0, num_points, rows):
        distance = torch.cdist(a[:, begin : begin + rows], b, compute_mode="donot_use_mm_for_euclid_dist")
        nearest_in_b.append(distance.argmin(dim=2))
        closest, index = distance.min(dim=1)
        nearest_in_a = torch.where(closest < least, index + begin, nearest_in_a)
        least = torch.minimum(closest, least)
    return torch.cat(nearest_in_b, dim=1), nearest_in_a


def _mean_distance(a: Tensor, b: Tensor, nearest: Tensor, squared: bool) -> Tensor:
    """Return the mean distance from the points of ``a`` to the given points of ``b``, ``[B]``."""
    difference = a - b.gather(1, nearest[:, :, None].expand(-1, -1, 3))  # (B, N, 3)
    if squared:
        return difference.square().sum(dim=2).mean(dim=1)
    return torch.linalg.vector_norm(difference, dim=2).mean(dim=1)  # its subgradient at 0 is 0
