"""Neighbours by a k-d tree per cloud: the fastest for coordinates on the CPU."""

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
    """SciPy's ``cKDTree`` for each cloud, in double precision; clouds in parallel threads, as many as PyTorch uses.

    On a device other than the CPU the points travel there and the indices back.
    """

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        points = x.cpu().double().numpy()
        ends = np.cumsum(sizes)
        index = np.empty((len(points), k), dtype=np.int64)

        workers = max(1, torch.get_num_threads() // len(sizes))  # for the points of a cloud, where clouds are few

        def fill(cloud: int) -> None:
            first, last = ends[cloud] - sizes[cloud], ends[cloud]
            near = _nearest(points[first:last], k, workers)  # (n, k)
            index[first:last] = np.where(near < sizes[cloud], near + first, -1)  # one that is missing is n there

        for_each(fill, range(len(sizes)), torch.device("cpu"))
        return torch.from_numpy(index).to(x.device)


def _nearest(points: np.ndarray, k: int, workers: int) -> np.ndarray:
    """The k nearest of the points to each, nearest first; where there are fewer, their number stands instead."""
    # Without balancing, a tree is built faster, and points at the same place cost nothing.
    near: np.ndarray = cKDTree(points, balanced_tree=False, compact_nodes=False).query(points, k, workers=workers)[1]
    return near.reshape(len(points), k)
