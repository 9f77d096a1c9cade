"""Neighbour search by a k-d tree per cloud. The fastest for coordinates on the CPU."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.neighbors.threads import for_each
from conclu_pyg.registry import NEIGHBORS


@NEIGHBORS.register_module(name="tree")
class TreeNeighbors(Neighbors):
    """Builds a SciPy ``cKDTree`` for each cloud, in double precision, with clouds in parallel threads.

    From another device, points are copied to the CPU and indices back.
    """

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        points = x.cpu().double().numpy()
        ends = np.cumsum(sizes)
        index = np.empty((len(points), k), dtype=np.int64)

        workers = max(1, torch.get_num_threads() // len(sizes))  # threads per cloud, if clouds are few

        def fill(cloud: int) -> None:
            first, last = ends[cloud] - sizes[cloud], ends[cloud]
            nearest = _nearest(points[first:last], k, workers)  # (n, k)
            index[first:last] = np.where(nearest < sizes[cloud], nearest + first, -1)  # SciPy marks missing ones by n

        for_each(fill, range(len(sizes)), torch.device("cpu"))
        return torch.from_numpy(index).to(x.device)


def _nearest(points: np.ndarray, k: int, workers: int) -> np.ndarray:
    """Return the k nearest of n points to each, nearest first; missing ones are n."""
    # An unbalanced tree is built faster, and repeated points do not slow it down.
    nearest: np.ndarray = cKDTree(points, balanced_tree=False, compact_nodes=False).query(points, k, workers=workers)[1]
    return nearest.reshape(len(points), k)
