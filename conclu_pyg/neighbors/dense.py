"""Neighbours by all distances within each cloud, as matrix products: the fastest for features."""

from __future__ import annotations

import math
from itertools import accumulate

import torch
from torch import Tensor

from conclu_pyg.neighbors.base import Neighbors
from conclu_pyg.neighbors.smallest import smallest
from conclu_pyg.neighbors.threads import for_each
from conclu_pyg.registry import NEIGHBORS

CHUNK = 1 << 19  # distances that exist at a time in each thread: 2 MiB in float32, about what a core caches
DEVICE_CHUNK = 1 << 25  # the same on other devices, which want larger pieces: 128 MiB


@NEIGHBORS.register_module(name="dense")
class DenseNeighbors(Neighbors):
    r"""All pairs of each cloud, in chunks of bounded size: the memory is linear in the number of points.

    For a point i the distances have the order of the scores

    .. math::
        |x_j|^2 - 2 \, x_i \cdot x_j = (-2 x_i, 1) \cdot (x_j, |x_j|^2) .

    Clouds are centred first, so that less is lost to cancellation; distances whose difference is below the rounding of
    :math:`|x|^2` may still swap. A point is always its own neighbour.
    """

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        chunk = CHUNK if x.device.type == "cpu" else DEVICE_CHUNK
        left, right = x.new_empty(2, len(x), x.size(1) + 1)  # the score's factors
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
            if most == least and clouds[-1] - clouds[0] == len(clouds) - 1:  # they lie side by side
                span = slice(begin, begin + len(clouds) * most)
                a, b, out = (tensor[span].view(len(clouds), most, -1) for tensor in (left, right, index))
                near = _nearest(a[:, first : first + rows], b, k, first)  # (C, rows, k')
                begins = torch.arange(begin, span.stop, most, device=x.device)
                out[:, first : first + rows, : near.size(2)] = near + begins[:, None, None]
                out[:, first : first + rows, near.size(2) :] = -1
            else:
                _fill_padded(index, left, right, [(starts[cloud], sizes[cloud]) for cloud in clouds])

        for_each(factor, _runs(sizes, chunk // (8 * x.size(1))), x.device)  # it holds a few such tensors
        for_each(fill, _tasks(sizes, chunk), x.device)
        return index


def _runs(sizes: list[int], num_points: int) -> list[range]:
    """Clouds of one size that follow each other, with at most so many points where they are more than one."""
    step = max(1, num_points // sizes[0]) if min(sizes) == max(sizes) else 1
    return [range(first, min(first + step, len(sizes))) for first in range(0, len(sizes), step)]


def _tasks(sizes: list[int], chunk: int) -> list[tuple[list[int], int, int]]:
    """What can be done at once: clouds of like size, the largest first, or a number of rows of one that is too large.

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
    """The places of the nearest points in each cloud.

    Shapes:
        - **left:** ``[C, R, D + 1]``, the points from the place ``first`` on, **right:** ``[C, N, D + 1]``, all points,
          **output:** ``[C, R, min(k, N)]``
    """
    score = torch.bmm(left, right.transpose(1, 2))  # (C, R, N)
    score.diagonal(first, 1, 2).fill_(-math.inf)
    near = smallest(score.flatten(0, 1), min(k, right.size(1)))
    return near.view(*score.shape[:2], -1)


def _fill_padded(index: Tensor, left: Tensor, right: Tensor, spans: list[tuple[int, int]]) -> None:
    """Writes the neighbours in clouds that lie anywhere, the largest first: where each begins, and its size.

    Shapes:
        - **index:** ``[M, k]``, **left:** ``[M, D + 1]``, **right:** ``[M, D + 1]``
    """
    start, count = torch.tensor(spans, device=index.device).t()[:, :, None]  # (C, 1)
    place = torch.arange(spans[0][1], device=index.device)
    inside = place < count  # (C, N)
    where = start + place.minimum(count - 1)  # beyond its end the last point of a cloud, infinitely far:
    padded = right[where]  # (C, N, D + 1)
    padded[:, :, -1].masked_fill_(~inside, math.inf)
    near = _nearest(left[where], padded, index.size(1), 0)  # (C, N, k')
    if spans[-1][1] < near.size(2):
        near = near.sort(dim=2).values  # what is beyond a cloud's end goes last
    near = torch.where(near < count[:, :, None], near + start[:, :, None], -1)
    near = torch.nn.functional.pad(near, (0, index.size(1) - near.size(2)), value=-1)
    index[where[inside]] = near[inside]
