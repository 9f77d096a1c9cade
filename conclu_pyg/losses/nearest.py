"""Nearest points between two clouds, without the matrix of all distances."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from conclu_pyg.neighbors.threads import for_each

MAX_ENTRIES = 1 << 23  # distances in memory at a time: 32 MiB in float32
TREE_POINTS = 256  # from this size on a k-d tree is faster on the CPU: 3 times at 512 points, 8 times at 1,024


@torch.no_grad()
def nearest_points(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the index of the nearest point of ``b`` for each point of ``a``, and the reverse; both are exact.

    On the CPU, large clouds are searched by k-d trees, in linear memory; on other devices, for small clouds, and where
    a coordinate is not finite, all distances are computed, a block at a time.

    Shapes:
        - **a:** ``[B, N, 3]``, **b:** ``[B, M, 3]``, **output:** ``[B, N]`` and ``[B, M]``
    """
    is_large = a.device.type == "cpu" and min(a.size(1), b.size(1)) >= TREE_POINTS
    if is_large and bool(a.isfinite().all() and b.isfinite().all()):
        return search_by_trees(a, b)
    return search_by_blocks(a, b)


def search_by_trees(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return :func:`nearest_points` of finite clouds on the CPU by a k-d tree for each cloud, in double precision."""
    x, y = a.double().numpy(), b.double().numpy()
    nearest_in_b, nearest_in_a = (np.empty(cloud.shape[:2], dtype=np.int64) for cloud in (x, y))
    workers = max(1, torch.get_num_threads() // max(1, len(x)))  # threads for a cloud, if clouds are few

    def search(cloud: int) -> None:
        # Unbalanced trees are built faster, and repeated points do not slow them down.
        trees = [cKDTree(points[cloud], balanced_tree=False, compact_nodes=False) for points in (x, y)]
        nearest_in_b[cloud] = trees[1].query(x[cloud], workers=workers)[1]
        nearest_in_a[cloud] = trees[0].query(y[cloud], workers=workers)[1]

    for_each(search, range(len(x)), a.device)
    return torch.from_numpy(nearest_in_b), torch.from_numpy(nearest_in_a)


def search_by_blocks(a: Tensor, b: Tensor, max_entries: int = MAX_ENTRIES) -> tuple[Tensor, Tensor]:
    """Return :func:`nearest_points` by the distances between a block of ``a`` and all of ``b`` at a time.

    Args:
        a, b: the clouds.
        max_entries: the largest number of distances in memory at a time; at least one row of all clouds is needed.
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
