"""Neighbour search among features, with candidates from products in bfloat16.

Where the processor multiplies bfloat16 natively, its products take a quarter to a half of the time of those in float32.
The distances of the few points that can be among the nearest are computed in float32, so the result is exact.
"""

from __future__ import annotations

from itertools import accumulate
from types import ModuleType

import torch
from torch import Tensor

from conclu_pyg.kernels import compiled_kernels
from conclu_pyg.neighbors.threads import for_each
from conclu_pyg.nn.bf16 import PRODUCT, multiplies_bf16, rounding_of_sums

CHUNK = 1 << 20  # scores of a task and thread: 2 MiB in bfloat16
MIN_CHANNELS = 16  # below, products take little time in float32
MIN_POINTS = 512  # of a cloud: below, the choice among the scores takes most of the time
MIN_GROUPS = 3  # points of a cloud for each neighbour, at least
NORMS = (1e-15, 1e15)  # largest norm of a cloud, within which no product leaves the range of normal numbers


def can_search_features(x: Tensor, k: int, sizes: list[int]) -> ModuleType | None:
    """Return the kernels if :func:`search_features` takes these arguments, and less time than products in float32.

    Shapes:
        - **x:** ``[M, D]``, **sizes:** number of points of each of the B clouds
    """
    fits = (
        x.dtype == torch.float32
        and x.size(1) >= MIN_CHANNELS
        and k > 1
        and min(sizes) >= max(MIN_POINTS, MIN_GROUPS * k)
    )
    return compiled_kernels(x) if fits and multiplies_bf16() else None


def search_features(kernels: ModuleType, x: Tensor, k: int, sizes: list[int]) -> Tensor | None:
    r"""Return what :meth:`conclu_pyg.neighbors.base.Neighbors.search` does, or ``None`` if a cloud is too small or too
    large for it.

    Points are ordered as the scores :math:`|x_j|^2 - 2 \, x_i \cdot x_j`. The first term is the sum of three numbers in
    bfloat16, which are columns of the product.

    Shapes:
        - **x:** ``[M, D]``, **sizes:** number of points of each of the B clouds, **output:** ``[M, k]``
    """
    index = torch.empty(len(x), k, dtype=torch.long, device=x.device)
    spans = [(end - size, size) for size, end in zip(sizes, accumulate(sizes), strict=True)]
    in_range = [True] * len(spans)
    most = max(sizes)
    rows = max(1, min(most, CHUNK // most))

    def fill(clouds: Tensor) -> None:
        scores = torch.empty(rows, most, dtype=torch.bfloat16, device=x.device)
        for cloud in clouds.tolist():
            start, size = spans[cloud]
            in_range[cloud] = _fill_cloud(kernels, x[start : start + size], index[start : start + size], scores, start)

    for_each(fill, torch.arange(len(spans)).tensor_split(min(len(spans), torch.get_num_threads())), x.device)
    return index if all(in_range) else None


def _fill_cloud(kernels: ModuleType, x: Tensor, index: Tensor, scores: Tensor, offset: int) -> bool:
    """Write the neighbours of the points of a cloud, and return whether its norms are within the range.

    Args:
        scores: memory.
        offset: added to the positions.

    Shapes:
        - **x:** ``[N, D]``, **index:** ``[N, k]``, **scores:** ``[R, N']``
    """
    points = x - x.mean(dim=0)
    square = points.square().sum(dim=1)  # (N,)
    norm = square.sqrt()
    largest = norm.max().item()
    if not NORMS[0] <= largest <= NORMS[1]:
        return False
    narrow, parts = points.to(torch.bfloat16), torch.empty(len(points), 3, dtype=torch.bfloat16, device=x.device)
    rest = square
    for column in parts.t():
        column.copy_(rest)
        rest = rest - column
    right = torch.cat([narrow, parts], dim=1).t()  # (D + 3, N)
    left = torch.cat([-2 * narrow, torch.ones_like(parts)], dim=1)
    # Of float32 there are the sums of the score, of both norms and of both distances that are compared.
    error = 2 * largest * norm * PRODUCT + 2 * rounding_of_sums(x.size(1)) * (norm + largest).square()
    for first in range(0, len(points), len(scores)):
        part = slice(first, min(first + len(scores), len(points)))
        block = scores.flatten()[: (part.stop - first) * len(points)].view(-1, len(points))
        torch.mm(left[part], right, out=block)
        kernels.nearest_rows(
            points.numpy(),
            first,
            index.size(1),
            block.view(torch.int16).numpy(),
            square[part].numpy(),
            error[part].numpy(),
            offset,
            index[part].numpy(),
        )
    return True
