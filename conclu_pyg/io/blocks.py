"""Large scenes cut into overlapping horizontal blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from conclu_pyg.data.clean import MIN_EXTENT
from conclu_pyg.errors import ConfigError, DataError

MAX_BLOCKS = 1_000_000  # of the grid over one cloud, most of which may be empty
MESH_POINTS = 1_000_000  # that are sampled from a mesh before it is cut


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


@dataclass(frozen=True)
class Blocks:
    """A division of clouds into blocks: squares of the horizontal plane, of any height.

    The corners are on a grid of ``size * (1 - overlap)`` that begins at the smallest coordinates. Block i of an axis
    holds the coordinates from the i-th line of the grid to ``size`` beyond it, without that end; the last block holds
    the largest coordinate, too.

    Args:
        size: the length of a side, in the units of the points.
        overlap: the share of a side that neighbouring blocks have in common, from 0 and below 1 (default: 0.5).
        up_axis: the vertical axis: 0, 1 or 2 (default: 2).
        min_points: the smallest number of points of a block that is used (default: 16).

    Raises:
        ConfigError: the size or the overlap is out of range.
    """

    size: float
    overlap: float = 0.5
    up_axis: int = 2
    min_points: int = 16

    def __post_init__(self) -> None:
        if not 0 < self.size < math.inf:
            raise ConfigError(f"block_size must be above 0, got {self.size}.", argument="block_size", got=self.size)
        if not 0 <= self.overlap < 1:
            raise ConfigError(
                f"block_overlap must be from 0 and below 1, got {self.overlap}.",
                argument="block_overlap",
                got=self.overlap,
            )

    def cut(self, points: np.ndarray, source: str) -> Iterator[Block]:
        """Yields the blocks of a cloud that have points.

        Args:
            points: the cloud.
            source: the name of the cloud in messages.

        Shapes:
            - **points:** ``[m, 3]``

        Raises:
            DataError: the grid has more than a million blocks.
        """
        first, second = (points[:, axis].astype(np.float64) for axis in range(3) if axis != self.up_axis)
        step = self.size * (1 - self.overlap)
        counts = [_count(float(np.ptp(values)), self.size, step) for values in (first, second)]
        if counts[0] * counts[1] > MAX_BLOCKS:
            raise DataError(
                f"{source}: block_size={self.size:g} would cut its {np.ptp(first):,.6g} x {np.ptp(second):,.6g} into "
                f"{counts[0] * counts[1]:,.0f} blocks, more than the maximum of {MAX_BLOCKS:,}; give a larger "
                "block_size, which is in the units of the file.",
                file=source,
                argument="block_size",
                got=self.size,
            )
        second -= second.min()
        for i, strip in _ranges(first - first.min(), self.size, step, int(counts[0])):
            for j, rows in _ranges(second[strip], self.size, step, int(counts[1])):
                yield Block(f"block_{i}_{j}", np.sort(strip[rows]))

    def is_usable(self, points: np.ndarray) -> bool:
        """Returns whether a block has enough points, which do not all coincide.

        Shapes:
            - **points:** ``[k, 3]``
        """
        return len(points) >= self.min_points and float(np.ptp(points, axis=0).max()) > MIN_EXTENT

    def all_too_small(self, source: str) -> DataError:
        """Returns the error of a cloud without any usable block."""
        return DataError(
            f"{source}: all of its blocks have fewer than {self.min_points} points, or points that coincide; give a "
            f"larger block_size than {self.size:g}, which is in the units of the file.",
            file=source,
            argument="block_size",
            got=self.size,
        )


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
