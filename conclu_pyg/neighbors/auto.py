"""The fastest exact search for neighbours that applies."""

from __future__ import annotations

from torch import Tensor

from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.neighbors.dense import DenseNeighbors
from conclu_pyg.neighbors.tree import TreeNeighbors
from conclu_pyg.registry import NEIGHBORS

TREE_DIMENSIONS = 5  # above, a tree visits most of its points


@NEIGHBORS.register_module(name="auto")
class AutoNeighbors(Neighbors):
    """A tree for coordinates on the CPU, else products; neither needs torch-cluster."""

    def __init__(self) -> None:
        self._tree, self._dense = TreeNeighbors(), DenseNeighbors()

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        way = self._tree if x.device.type == "cpu" and x.size(1) <= TREE_DIMENSIONS else self._dense
        return way.search(x, k, sizes)
