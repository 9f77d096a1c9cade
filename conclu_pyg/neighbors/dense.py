"""Neighbours by all distances within each cloud, as matrix products: the fastest for features."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.registry import NEIGHBORS

CHUNK = 1 << 20  # distances that exist at a time: 4 MiB in float32


@NEIGHBORS.register_module(name="dense")
class DenseNeighbors(Neighbors):
    r"""All pairs of each cloud, in chunks of bounded size: the memory is linear in the number of points.

    For a point i the order of the distances is that of :math:`|x_j|^2 - 2 x_i \cdot x_j`. Clouds are centred first, so
    that less is lost to cancellation; distances whose difference is below the rounding of :math:`|x|^2` may still swap.
    A point is always its own neighbour.
    """

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        counts = torch.tensor(sizes, device=x.device)
        starts = counts.cumsum(0) - counts
        index = torch.full((len(x), k), -1, device=x.device)
        for clouds in _alike(sizes):
            size, start = counts[clouds, None], starts[clouds, None]  # (C, 1)
            place = torch.arange(sizes[clouds[0]], device=x.device)  # the first one is the largest
            inside = place < size  # (C, N)
            rows = start + place.minimum(size - 1)
            points = x[rows].masked_fill_(~inside[:, :, None], 0)  # (C, N, D)
            points -= points.sum(dim=1, keepdim=True) / size[:, :, None]
            norms = points.square().sum(dim=2).masked_fill_(~inside, math.inf)
            near = _search_clouds(points, norms, k)  # (C, N, k')
            near = torch.where(near < size[:, :, None], near + start[:, :, None], -1)
            index[rows[inside], : near.size(2)] = near[inside]
        return index


def _alike(sizes: list[int]) -> Iterator[list[int]]:
    """The clouds' numbers in groups of like size, the largest first, whose distances fit into a chunk together."""
    order = sorted(range(len(sizes)), key=lambda cloud: -sizes[cloud])
    while order:
        count = max(1, CHUNK // sizes[order[0]] ** 2)
        yield order[:count]
        order = order[count:]


def _search_clouds(points: Tensor, norms: Tensor, k: int) -> Tensor:
    """The places of the nearest points in each cloud, where there are too few of them with padding at the end.

    Shapes:
        - **points:** ``[C, N, D]``, centred, **norms:** ``[C, N]``, squared, infinite where the cloud is padded,
          **output:** ``[C, N, min(k, N)]``
    """
    num_points = points.size(1)
    step = max(1, CHUNK // norms.numel())
    parts = []
    for first in range(0, num_points, step):
        some = points[:, first : first + step]
        score = torch.baddbmm(norms[:, None], some, points.transpose(1, 2), alpha=-2)  # (C, step, N)
        score.diagonal(first, 1, 2).fill_(-math.inf)
        parts.append(score.topk(min(k, num_points), largest=False).indices)
    return torch.cat(parts, dim=1)
