"""Neighbour tables as contiguous lists, and conversion to and from PyG's ``edge_index``."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from conclu_pyg.errors import DataError


@dataclass(frozen=True)
class NeighborLists:
    """The neighbours of M points, as concatenated lists.

    Shapes:
        - **points:** ``[E]``, the neighbours, **ptr:** ``[M + 1]``, start of each point's list, and the end of the last
    """

    points: Tensor
    ptr: Tensor

    @classmethod
    def from_table(cls, index: Tensor) -> NeighborLists:
        """Return the lists of a neighbour table, in which -1 marks a missing neighbour.

        Shapes:
            - **index:** ``[M, k]``

        Raises:
            DataError: an entry is below -1 or above M - 1.
        """
        low, high = (int(end) for end in index.aminmax()) if index.numel() else (0, -1)
        if low < -1 or high >= len(index):  # kernels do not check their indices
            raise DataError(
                f"neighbours: expected rows from 0 to {len(index) - 1}, or -1 where there is none, got entries from "
                f"{low} to {high}.",
                argument="index",
                got=(low, high),
            )
        if low >= 0:
            return cls(index.flatten(), torch.arange(len(index) + 1, device=index.device) * index.size(1))
        valid = index >= 0
        return cls(index[valid], _offsets(valid.sum(dim=1)))

    @property
    def counts(self) -> Tensor:
        """Number of neighbours of each point, ``[M]``."""
        return self.ptr.diff()

    def owners(self) -> Tensor:
        """Return the point whose list each entry belongs to, ``[E]``."""
        counts = self.counts
        rows = torch.arange(len(counts), device=counts.device)
        return rows.repeat_interleave(counts, output_size=len(self.points))

    def reversed(self) -> NeighborLists:
        """Return, for each point, the points that have it as a neighbour."""
        num_points = len(self.ptr) - 1
        narrow = torch.int16 if num_points <= 1 << 15 else torch.int32  # faster to sort than int64
        order = self.points.to(narrow).argsort()
        counts = self.points.bincount(minlength=num_points)
        return NeighborLists(self.owners()[order], _offsets(counts))


def _offsets(counts: Tensor) -> Tensor:
    return torch.nn.functional.pad(counts.cumsum(0), (1, 0))


def table_to_edges(index: Tensor) -> Tensor:
    """Return PyG's ``edge_index`` of a neighbour table: from each neighbour (row 0) to its point (row 1).

    Shapes:
        - **index:** ``[M, k]``, -1 where there is no neighbour, **output:** ``[2, E]``

    Raises:
        DataError: an entry is below -1 or above M - 1.
    """
    lists = NeighborLists.from_table(index)
    return torch.stack([lists.points, lists.owners()])


def edges_to_table(edge_index: Tensor, num_points: int) -> Tensor:
    """Return the neighbour table of an ``edge_index`` in any order; its width is the largest number of neighbours.

    Shapes:
        - **edge_index:** ``[2, E]``, **output:** ``[num_points, k]``, -1 at the end of shorter rows

    Raises:
        DataError: ``edge_index`` has another shape, or entries outside 0 to ``num_points - 1``.
    """
    if edge_index.dim() != 2 or len(edge_index) != 2:
        raise DataError(
            f"edge_index: expected shape [2, E], got {list(edge_index.shape)}.",
            argument="edge_index",
            got=list(edge_index.shape),
        )
    if edge_index.numel() and not 0 <= int(edge_index.min()) <= int(edge_index.max()) < num_points:
        raise DataError(
            f"edge_index: expected entries from 0 to {num_points - 1}, got entries from {int(edge_index.min())} to "
            f"{int(edge_index.max())}.",
            argument="edge_index",
            got=[int(edge_index.min()), int(edge_index.max())],
        )
    owners, order = edge_index[1].sort(stable=True)
    counts = owners.bincount(minlength=num_points)
    column = torch.arange(len(owners), device=owners.device) - _offsets(counts)[owners]
    index = edge_index.new_full((num_points, int(counts.max()) if num_points else 0), -1)
    index[owners, column] = edge_index[0, order]
    return index
