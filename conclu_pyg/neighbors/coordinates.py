"""Neighbour search among coordinates by a compiled kernel: all distances of a point at a time."""

from __future__ import annotations

from itertools import accumulate
from types import ModuleType

import torch
from torch import Tensor

from conclu_pyg.neighbors.threads import for_each

CHUNK = 1 << 20  # distances of a task, about 2 ms


def search_coordinates(kernels: ModuleType, x: Tensor, k: int, sizes: list[int]) -> Tensor:
    """Return what :meth:`conclu_pyg.neighbors.base.Neighbors.search` does, for coordinates in float32 on the CPU.

    Shapes:
        - **x:** ``[M, 3]``, **sizes:** number of points of each of the B clouds, **output:** ``[M, k]``
    """
    index = torch.full((len(x), k), -1, dtype=torch.long, device=x.device)
    found = index.numpy()
    tasks = []
    for size, end in zip(sizes, accumulate(sizes), strict=True):
        rows = max(1, CHUNK // size)
        tasks += [(end - size, size, first, min(first + rows, size)) for first in range(0, size, rows)]

    def fill(task: tuple[int, int, int, int]) -> None:
        start, size, begin, end = task
        points = x[start : start + size].t().contiguous().numpy()  # (3, N)
        kernels.nearest(points, min(k, size), begin, end, start, found[start + begin : start + end])

    for_each(fill, tasks, x.device)
    return index
