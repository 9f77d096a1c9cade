"""Large scenes cut into overlapping horizontal blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from conclu_pyg.errors import DataError

MAX_BLOCKS = 1_000_000  # of the grid over one cloud, most of which may be empty


class Block(NamedTuple):
    """A block of a cloud.

    Attributes:
        name: its place in the grid, such as ``block_0_3``.
        rows: the points in it, in increasing order.

    Shapes:
        - **rows:** int64 ``[k]``
    """

    name: str
    rows: np.ndarray


def cut_blocks(points: np.ndarray, size: float, overlap: float, up_axis: int, source: str) -> Iterator[Block]:
    """Yields the blocks of a cloud that have points.

    The blocks are squares of the horizontal plane, of any height. Their corners are on a grid of ``size * (1 -
    overlap)`` that begins at the smallest coordinates. Block i of an axis holds the coordinates from the i-th line of
    the grid to ``size`` beyond it, without that end; the last block holds the largest coordinate, too.

    Args:
        points: the cloud.
        size: the length of a side, in the units of the points.
        overlap: the share of a side that neighbouring blocks have in common, from 0 and below 1.
        up_axis: the vertical axis: 0, 1 or 2.
        source: the name of the cloud in messages.

    Shapes:
        - **points:** ``[m, 3]``

    Raises:
        DataError: the grid has more than a million blocks.
    """
    first, second = (points[:, axis].astype(np.float64) for axis in range(3) if axis != up_axis)
    step = size * (1 - overlap)
    counts = [_count(float(np.ptp(values)), size, step) for values in (first, second)]
    if counts[0] * counts[1] > MAX_BLOCKS:
        raise DataError(
            f"{source}: dataset.block_size={size:g} would cut its {np.ptp(first):,.6g} x {np.ptp(second):,.6g} into "
            f"{counts[0] * counts[1]:,.0f} blocks, more than the maximum of {MAX_BLOCKS:,}; give a larger block_size, "
            "which is in the units of the file.",
            file=source,
            argument="block_size",
            got=size,
        )
    second -= second.min()
    for i, strip in _ranges(first - first.min(), size, step, int(counts[0])):
        for j, rows in _ranges(second[strip], size, step, int(counts[1])):
            yield Block(f"block_{i}_{j}", np.sort(strip[rows]))


def _count(extent: float, size: float, step: float) -> float:
    """Returns the number of blocks along an axis, as a float that cannot overflow."""
    return 1.0 + max(0.0, math.ceil((extent - size) / step) if (extent - size) / step < 1e15 else 1e15)


def _ranges(values: np.ndarray, size: float, step: float, count: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yields the number of each interval that has values, and the positions of these values.

    Shapes:
        - **values:** ``[m]``, from 0
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = step * np.arange(count)
    ends = starts + size
    ends[-1] = np.inf
    first, last = np.searchsorted(ordered, starts), np.searchsorted(ordered, ends)
    for number in np.flatnonzero(last > first).tolist():
        yield number, order[first[number] : last[number]]
