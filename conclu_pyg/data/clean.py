"""Validation and repair of single clouds: what :func:`clean_points` returns can be trained on.

Rejected, with the name of the file: an array that does not hold numbers of shape ``[m, 3]``, and a cloud without
points, without a finite point, or whose points all coincide.

Repaired and reported: points that are not finite are removed, and a cloud far from the origin is moved there, because
float32 cannot resolve its points at that distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.text import pluralize

# Distances are squared in float32, whose largest number is 3e38 and whose smallest is 1e-38.
MAX_COORDINATE = 1e15
MIN_EXTENT = 1e-15
# float32 has 24 significant bits: from here on less than half of them are left for the shape itself.
MAX_OFFSET = 4096.0

NOT_FINITE = "points that are not finite numbers were removed"
FAR_AWAY = "far from the origin, moved to the origin"

HINT = "restore it or remove it from the data set"

RowIndex = np.ndarray | slice  # row numbers, a mask, or all rows


@dataclass(frozen=True)
class RawCloud:
    """A cloud as its file holds it.

    Args:
        points: the coordinates, unchecked, in any number type.
        label: the class, an index into the data set's classes.
        name: the name of the shape, such as ``chair/chair_0001``.
        source: the file, and the position in it, for messages.
        repairs: repairs that were made while the file was read.
        part: the part of each point, unchecked, in any number type (default: the data set has no parts).

    Shapes:
        - **points:** ``[m, 3]``, **part:** ``[m]``
    """

    points: np.ndarray
    label: int
    name: str
    source: str
    repairs: list[str] = field(default_factory=list)
    part: np.ndarray | None = None


class CleanedCloud(NamedTuple):
    """The result of :func:`clean_points`.

    Attributes:
        points: the usable points.
        rows: the rows of the input array that were kept.
        repairs: the repairs that were made.
        offset: the vector that was subtracted from every point, or ``None`` if the cloud was not moved.

    Shapes:
        - **points:** float32 ``[k, 3]``, **offset:** float64 ``[3]``
    """

    points: np.ndarray
    rows: RowIndex
    repairs: list[str]
    offset: np.ndarray | None


def clean_points(points: np.ndarray, source: str, hint: str = HINT) -> CleanedCloud:
    """Checks one cloud and repairs what can be repaired.

    Args:
        points: the coordinates as they were read, in any number type.
        source: the name of the cloud in messages.
        hint: what to do about a rejected cloud, the end of the messages.

    Shapes:
        - **points:** ``[m, 3]``
        - **output:** ``CleanedCloud`` with ``k`` points, ``1 <= k <= m``

    Raises:
        DataError: the shape is not ``[m, 3]``, there are no points, none is finite, or all coincide.
    """
    check_not_transposed(points.shape, source)
    if points.ndim != 2 or points.shape[1] != 3 or points.dtype.kind not in "fiu":
        raise DataError(
            f"{source}: expected numbers of shape [points, 3], got {points.dtype} of shape {list(points.shape)}; keep "
            f"the first three columns if those are x, y and z, or {hint}.",
            file=source,
            got=(points.dtype, points.shape),
        )
    if len(points) == 0:
        raise DataError(f"{source} has no points; {hint}.", file=source, expected="at least one point")
    rows: RowIndex = slice(None)
    repairs, offset = [], None
    with np.errstate(invalid="ignore"):  # comparisons with NaN are intended
        usable = (np.abs(points) <= MAX_COORDINATE).all(axis=1)
    if not usable.all():
        if not usable.any():
            raise DataError(
                f"{source}: none of its {len(points):,} points has three finite coordinates below {MAX_COORDINATE:g}; "
                f"{hint}.",
                file=source,
                expected="finite coordinates",
            )
        rows = usable
        points = points[rows]
        repairs.append(NOT_FINITE)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    if extent <= MIN_EXTENT:
        raise DataError(
            f"{source}: expected points that differ, got {pluralize(len(points), 'point')} at "
            f"({', '.join(f'{x:g}' for x in low)}); {hint}.",
            file=source,
            expected="points that differ",
        )
    if float(np.abs(low + high).max()) / 2 > MAX_OFFSET * extent:
        offset = (low.astype(np.float64) + high) / 2
        points = points - offset
        repairs.append(FAR_AWAY)
    return CleanedCloud(np.ascontiguousarray(points, dtype=np.float32), rows, repairs, offset)


def check_not_transposed(shape: Sequence[int], source: str) -> None:
    """Rejects ``[..., 3, n]`` with ``n > 3``, which would be read as three points with extra columns.

    Args:
        shape: the shape of the array.
        source: the name of the array in the message.

    Raises:
        DataError: the array has such a shape.
    """
    if len(shape) >= 2 and shape[-2] == 3 < shape[-1]:
        expected = "[clouds, points, 3]" if len(shape) > 2 else "[points, 3]"
        raise DataError(
            f"{source} looks transposed: expected {expected}, got {list(shape)}; exchange the last two axes, or keep "
            f"the first three columns if it really has 3 points.",
            file=source,
            got=list(shape),
        )
