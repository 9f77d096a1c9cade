"""Tables of neighbours as lists without gaps, and their way to and from PyG's edges."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from conclu_pyg.errors import DataError


@dataclass(frozen=True)
class NeighborLists:
    """The neighbours of M points, one list behind another.

    Shapes:
        - **points:** ``[E]``, the neighbours, **ptr:** ``[M + 1]``, where each point's list begins, and the end
    """

    points: Tensor
    ptr: Tensor

    @classmethod
    def from_table(cls, index: Tensor) -> NeighborLists:
        """The lists of a table of neighbours, whose entries of -1 are none.

        Shapes:
            - **index:** ``[M, k]``

        Raises:
            DataError: an entry is below -1, or no row of M points.
        """
        low, high = (int(end) for end in index.aminmax()) if index.numel() else (0, -1)
        if low < -1 or high >= len(index):  # kernels read there unchecked
            raise DataError(
                f"the neighbours of {len(index)} points are rows from 0 to {len(index) - 1}, or -1 where there is "
                f"none; found entries from {low} to {high}."
            )
        if low >= 0:
            return cls(index.flatten(), torch.arange(len(index) + 1, device=index.device) * index.size(1))
        there = index >= 0
        return cls(index[there], _ends(there.sum(dim=1)))

    @property
    def counts(self) -> Tensor:
        """The number of neighbours of each point, ``[M]``."""
        return self.ptr.diff()

    def owners(self) -> Tensor:
        """The point whose list each entry stands in, ``[E]``."""
        counts = self.counts
        rows = torch.arange(len(counts), device=counts.device)
        return rows.repeat_interleave(counts, output_size=len(self.points))

    def reversed(self) -> NeighborLists:
        """The points that have each point as a neighbour."""
        num_points = len(self.ptr) - 1
        narrow = torch.int16 if num_points <= 1 << 15 else torch.int32  # sorted sooner than int64
        order = self.points.to(narrow).argsort()
        counts = self.points.bincount(minlength=num_points)
        return NeighborLists(self.owners()[order], _ends(counts))


def _ends(counts: Tensor) -> Tensor:
    return torch.nn.functional.pad(counts.cumsum(0), (1, 0))


def table_to_edges(index: Tensor) -> Tensor:
    """PyG's edges of a table of neighbours: from each neighbour (row 0) to its point (row 1).

    Shapes:
        - **index:** ``[M, k]``, -1 where there is no neighbour, **output:** ``[2, E]``

    Raises:
        DataError: an entry is below -1, or no row of M points.
    """
    lists = NeighborLists.from_table(index)
    return torch.stack([lists.points, lists.owners()])


def edges_to_table(edge_index: Tensor, num_points: int) -> Tensor:
    """The table of neighbours of PyG's edges, in any order; its width is the largest number of neighbours.

    Shapes:
        - **edge_index:** ``[2, E]``, **output:** ``[num_points, k]``, -1 at the end of the rows that have fewer

    Raises:
        DataError: ``edge_index`` has another shape, or points that are not among the ``num_points``.
    """
    if edge_index.dim() != 2 or len(edge_index) != 2:
        raise DataError(f"edges are a tensor [2, E], found {list(edge_index.shape)}.")
    if edge_index.numel() and not 0 <= int(edge_index.min()) <= int(edge_index.max()) < num_points:
        raise DataError(
            f"edges among {num_points} points have entries from 0 to {num_points - 1}, found some from "
            f"{int(edge_index.min())} to {int(edge_index.max())}."
        )
    owners, order = edge_index[1].sort(stable=True)
    counts = owners.bincount(minlength=num_points)
    place = torch.arange(len(owners), device=owners.device) - _ends(counts)[owners]
    index = edge_index.new_full((num_points, int(counts.max()) if num_points else 0), -1)
    index[owners, place] = edge_index[0, order]
    return index
