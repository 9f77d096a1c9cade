"""Automatic choice of the fastest exact neighbour search."""

from __future__ import annotations

import torch
from torch import Tensor

from conclu_pyg.kernels import compiled_kernels
from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.neighbors.dense import DenseNeighbors
from conclu_pyg.neighbors.tree import TreeNeighbors
from conclu_pyg.registry import NEIGHBORS

TREE_POINTS = 128  # times 2^D: a tree is faster for clouds of at least this size, measured for D = 3 to 6 and k = 20
COMPILED_TREE_POINTS = 8192  # the same for coordinates, where there is a compiled kernel


@NEIGHBORS.register_module(name="auto")
class AutoNeighbors(Neighbors):
    """Uses a tree for large low-dimensional clouds (coordinates) on the CPU, else dense products. Does not need
    torch-cluster.

    For clouds of different sizes, the choice depends on the mean, over all points, of the size of the point's cloud.
    """

    def __init__(self) -> None:
        self._tree, self._dense = TreeNeighbors(), DenseNeighbors()

    def choose(self, x: Tensor, sizes: list[int]) -> Neighbors:
        """Return the search to use for these points.

        Shapes:
            - **x:** ``[M, D]``, **sizes:** number of points of each of the B clouds
        """
        size = sum(count**2 for count in sizes) / sum(sizes)
        compiled = x.size(1) == 3 and x.dtype == torch.float32 and compiled_kernels(x) is not None
        least = COMPILED_TREE_POINTS if compiled else TREE_POINTS * 2 ** x.size(1)
        return self._tree if x.device.type == "cpu" and size >= least else self._dense

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        return self.choose(x, sizes).search(x, k, sizes)
