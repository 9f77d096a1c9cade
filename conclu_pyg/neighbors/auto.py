"""The fastest exact search for neighbours that applies."""

from __future__ import annotations

from torch import Tensor

from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.neighbors.dense import DenseNeighbors
from conclu_pyg.neighbors.tree import TreeNeighbors
from conclu_pyg.registry import NEIGHBORS

TREE_POINTS = 128  # times 2^D: from so many points on a tree is faster, as measured for D of 3 to 6, k = 20


@NEIGHBORS.register_module(name="auto")
class AutoNeighbors(Neighbors):
    """A tree for large clouds of few dimensions on the CPU (coordinates), else products; torch-cluster is not needed.

    Of ragged clouds the size counts that the average point's cloud has.
    """

    def __init__(self) -> None:
        self._tree, self._dense = TreeNeighbors(), DenseNeighbors()

    def choose(self, x: Tensor, sizes: list[int]) -> Neighbors:
        """The search that is taken for such points.

        Shapes:
            - **x:** ``[M, D]``, **sizes:** B numbers of points
        """
        size = sum(count**2 for count in sizes) / sum(sizes)
        return self._tree if x.device.type == "cpu" and size >= TREE_POINTS * 2 ** x.size(1) else self._dense

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        return self.choose(x, sizes).search(x, k, sizes)
