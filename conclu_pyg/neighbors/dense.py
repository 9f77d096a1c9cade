"""Neighbour search by matrix products: all distances within each cloud. The fastest for features."""

from __future__ import annotations

import math
from itertools import accumulate

import torch
from torch import Tensor

from conclu_pyg.kernels import compiled_kernels
from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.neighbors.coordinates import search_coordinates
from conclu_pyg.neighbors.features import can_search_features, search_features
from conclu_pyg.neighbors.smallest import smallest
from conclu_pyg.neighbors.threads import for_each
from conclu_pyg.registry import NEIGHBORS

CHUNK = 1 << 19  # distances held at a time by each thread: 2 MiB in float32, about the cache of a core
DEVICE_CHUNK = 1 << 25  # the same on other devices, which need larger chunks: 128 MiB


@NEIGHBORS.register_module(name="dense")
class DenseNeighbors(Neighbors):
    r"""Computes all pairs of each cloud in chunks of bounded size, so that memory is linear in the number of points.

    For a point i, distances are ordered as the scores

    .. math::
        |x_j|^2 - 2 \, x_i \cdot x_j = (-2 x_i, 1) \cdot (x_j, |x_j|^2) .

    Clouds are centred first to reduce cancellation. Neighbours whose distances differ by less than the rounding error
    of :math:`|x|^2` may still swap. A point is always its own neighbour.

    Distances between coordinates are sums of squared differences instead, if there is a compiled kernel
    (:mod:`conclu_pyg.kernels`), and so are those between features of the candidates that
    :mod:`conclu_pyg.neighbors.features` finds.
    """

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        kernels = compiled_kernels(x) if x.size(1) == 3 and x.dtype == torch.float32 else None
        if kernels is not None:
            return search_coordinates(kernels, x, k, sizes)
        kernels = can_search_features(x, k, sizes)
        found = None if kernels is None else search_features(kernels, x, k, sizes)
        if found is not None:
            return found
        chunk = CHUNK if x.device.type == "cpu" else DEVICE_CHUNK
        left, right = x.new_empty(2, len(x), x.size(1) + 1)  # factors of the score
        index = torch.empty(len(x), k, dtype=torch.long, device=x.device)
        starts = [0, *accumulate(sizes)]

        def factor(clouds: range) -> None:
            begin, end = starts[clouds[0]], starts[clouds[-1] + 1]
            points, a, b = (tensor[begin:end].unflatten(0, (len(clouds), -1)) for tensor in (x, left, right))
            points = points - points.mean(dim=1, keepdim=True)  # (C, N, D)
            torch.mul(points, -2, out=a[:, :, :-1])
            b[:, :, :-1] = points
            a[:, :, -1] = 1
            torch.sum(points.square(), dim=2, out=b[:, :, -1])

        def fill(task: tuple[list[int], int, int]) -> None:
            clouds, first, rows = task
            begin, most, least = starts[clouds[0]], sizes[clouds[0]], sizes[clouds[-1]]
            if most == least and clouds[-1] - clouds[0] == len(clouds) - 1:  # contiguous clouds of one size
                span = slice(begin, begin + len(clouds) * most)
                a, b, out = (tensor[span].view(len(clouds), most, -1) for tensor in (left, right, index))
                nearest = _nearest(a[:, first : first + rows], b, k, first)  # (C, rows, k')
                begins = torch.arange(begin, span.stop, most, device=x.device)
                out[:, first : first + rows, : nearest.size(2)] = nearest + begins[:, None, None]
                out[:, first : first + rows, nearest.size(2) :] = -1
            else:
                _fill_padded(index, left, right, [(starts[cloud], sizes[cloud]) for cloud in clouds])

        for_each(factor, _runs(sizes, chunk // (8 * x.size(1))), x.device)  # each call holds a few such tensors
        for_each(fill, _tasks(sizes, chunk), x.device)
        return index


def _runs(sizes: list[int], num_points: int) -> list[range]:
    """Split clouds of one size into runs of at most ``num_points`` points, or one cloud; others into single clouds."""
    step = max(1, num_points // sizes[0]) if min(sizes) == max(sizes) else 1
    return [range(first, min(first + step, len(sizes))) for first in range(0, len(sizes), step)]


def _tasks(sizes: list[int], chunk: int) -> list[tuple[list[int], int, int]]:
    """Return work that fits a chunk: clouds of similar size, largest first, or a block of rows of a large cloud.

    Each task is a list of clouds, a first row and a number of rows.
    """
    order = sorted(range(len(sizes)), key=lambda cloud: -sizes[cloud])
    tasks = []
    while order:
        most = sizes[order[0]]
        clouds, order = order[: max(1, chunk // most**2)], order[max(1, chunk // most**2) :]
        rows = max(1, chunk // most) if len(clouds) == 1 else most
        tasks += [(clouds, first, rows) for first in range(0, most, rows)]
    return tasks


def _nearest(left: Tensor, right: Tensor, k: int, first: int) -> Tensor:
    """Return the indices, within each cloud, of the nearest points.

    Shapes:
        - **left:** ``[C, R, D + 1]``, the points from index ``first`` on, **right:** ``[C, N, D + 1]``, all points,
          **output:** ``[C, R, min(k, N)]``
    """
    score = torch.bmm(left, right.transpose(1, 2))  # (C, R, N)
    score.diagonal(first, 1, 2).fill_(-math.inf)
    nearest = smallest(score.flatten(0, 1), min(k, right.size(1)))
    return nearest.view(*score.shape[:2], -1)


def _fill_padded(index: Tensor, left: Tensor, right: Tensor, spans: list[tuple[int, int]]) -> None:
    """Write the neighbours of clouds at any offsets, largest first, padded to one size.

    Args:
        index: the output, modified in place.
        left: first factor of the score.
        right: second factor of the score.
        spans: first row and size of each cloud.

    Shapes:
        - **index:** ``[M, k]``, **left:** ``[M, D + 1]``, **right:** ``[M, D + 1]``
    """
    start, count = torch.tensor(spans, device=index.device).t()[:, :, None]  # (C, 1)
    column = torch.arange(spans[0][1], device=index.device)
    inside = column < count  # (C, N)
    rows = start + column.minimum(count - 1)  # padding repeats the last point of a cloud, at infinite distance:
    padded = right[rows]  # (C, N, D + 1)
    padded[:, :, -1].masked_fill_(~inside, math.inf)
    nearest = _nearest(left[rows], padded, index.size(1), 0)  # (C, N, k')
    if spans[-1][1] < nearest.size(2):
        nearest = nearest.sort(dim=2).values  # padding goes last
    nearest = torch.where(nearest < count[:, :, None], nearest + start[:, :, None], -1)
    nearest = torch.nn.functional.pad(nearest, (0, index.size(1) - nearest.size(2)), value=-1)
    index[rows[inside]] = nearest[inside]
