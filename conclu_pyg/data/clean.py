"""Validation and repair of single clouds: what :func:`clean_points` returns can be trained on.

Rejected, with the name of the file: an array that does not hold numbers of shape ``[m, 3]``, and a cloud without
points, without a finite point, or whose points all coincide.

Repaired and reported: points that are not finite or beyond 1e15 are removed, and a cloud far from the origin is moved
there, because float32 would round its points at that distance.
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
# Clouds are normalised to the unit sphere by default: larger coordinates are named as a cause of values that overflow.
LARGE = 1e4
# A cloud is far from the origin if its middle is further away than so many times the deviation of its points. With
# numbers that float32 rounds, 4 of its 24 bits are lost by then, such as the millimetres of a scan in a national grid.
# Numbers that float32 holds exactly, as those of a file in single precision, are moved for the arithmetic with them,
# where only 10 bits are left for the shape.
FAR = {"rounded": 16.0, "exact": 16384.0}
SAMPLE = 1 << 16  # points of a block, and points whose medians tell the place of a cloud

NOT_FINITE = "points that are not finite numbers were removed"
TOO_LARGE = f"points with a coordinate beyond the limit of {MAX_COORDINATE:g} were removed"
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
        cleaned: whether the points are those of :func:`clean_points` (default: no).

    Shapes:
        - **points:** ``[m, 3]``, **part:** ``[m]``
    """

    points: np.ndarray
    label: int
    name: str
    source: str
    repairs: list[str] = field(default_factory=list)
    part: np.ndarray | None = None
    cleaned: bool = False


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
    if points.dtype not in (np.float32, np.float64):
        points = points.astype(np.float64)  # half floats and integers overflow in the arithmetic below
    rows: RowIndex = slice(None)
    repairs = []
    usable = np.ones(len(points), bool)
    with np.errstate(invalid="ignore"):  # comparisons with NaN are intended
        for start in range(0, len(points), SAMPLE):  # in blocks, so that the temporary arrays are small
            block = slice(start, start + SAMPLE)
            magnitude = np.abs(points[block])
            if not magnitude.max() <= MAX_COORDINATE:  # NaN is not, either
                usable[block] = (magnitude <= MAX_COORDINATE).all(axis=1)
    if not usable.all():
        finite = np.isfinite(points[~usable]).all(axis=1)
        if not usable.any():
            what = "coordinates" if finite.all() else "finite coordinates"
            raise DataError(
                f"{source}: none of its {len(points):,} points has three {what} below {MAX_COORDINATE:g}; {hint}.",
                file=source,
                expected=f"{what} below {MAX_COORDINATE:g}" if finite.all() else what,
            )
        rows = usable
        repairs += [NOT_FINITE] * (not finite.all()) + [TOO_LARGE] * bool(finite.any())
    columns = [column[rows] for column in points.T]
    low, high = np.array([column.min() for column in columns]), np.array([column.max() for column in columns])
    if float((high - low).max()) <= MIN_EXTENT:
        raise DataError(
            f"{source}: expected points that differ, got {pluralize(len(columns[0]), 'point')} at "
            f"({', '.join(f'{x:g}' for x in low)}); {hint}.",
            file=source,
            expected="points that differ",
        )
    offset = _middle_of_far(columns)
    if offset is not None:
        repairs.append(FAR_AWAY)
    cleaned = np.empty((len(columns[0]), 3), np.float32)
    for axis, column in enumerate(columns):
        cleaned[:, axis] = column if offset is None else column - offset[axis]
    return CleanedCloud(cleaned, rows, repairs, offset)


def _middle_of_far(columns: Sequence[np.ndarray]) -> np.ndarray | None:
    """Returns the middle of a cloud that is far from the origin, or ``None``.

    The middle is the median and the deviation from it a median too, so that single points elsewhere have no influence.
    Points at the origin, as scanners write for missing returns, do not count.

    Shapes:
        - **columns:** three of ``[m]``, **output:** float64 ``[3]``
    """
    some = [column[:: max(1, len(column) // SAMPLE)] for column in columns]  # as medians of millions take long
    is_there = np.logical_or.reduce([column != 0 for column in some])
    if not is_there.any():
        return None
    some = [column[is_there] for column in some]
    middle = np.array([_median(column) for column in some], dtype=np.float64)
    distances = [np.abs(column - center) for column, center in zip(some, middle, strict=True)]
    if _is_near(distances, np.abs(middle)):
        return None
    deviations = np.array([_median(each) for each in distances])
    deviation = deviations.max() or max(float(np.ptp(column)) for column in some) or 1.0
    ratio = float(np.abs(middle).max()) / deviation
    across = np.abs(middle) > FAR["exact"] * deviations  # along one axis alone, as the width of a long corridor
    if ratio <= FAR["rounded"] and not (across & (deviations > 0)).any():
        return None
    exact = all(np.array_equal(column.astype(np.float32), column) for column in columns)
    return middle if ratio > FAR["exact"] or not exact else None


def _is_near(distances: Sequence[np.ndarray], middle: np.ndarray) -> bool:
    """Returns whether more than half of the points are so far from the middle that it is not far from the origin,
    whatever the medians of these distances are: counting takes less time. False leaves it open.

    Shapes:
        - **distances:** three of ``[m]``, **middle:** the magnitude of each coordinate, ``[3]``
    """

    def exceed(each: np.ndarray, limit: float) -> bool:
        return 2 * int(np.count_nonzero(each >= limit)) > len(each)

    return any(exceed(each, middle.max() / FAR["rounded"]) for each in distances) and all(
        exceed(each, size / FAR["exact"]) for each, size in zip(distances, middle, strict=True)
    )


def _median(values: np.ndarray) -> np.floating:
    """Returns the median of finite numbers, ``[m]`` with m > 0, in half the time of ``np.median``, which looks for NaN
    in addition."""
    half, is_odd = divmod(len(values), 2)
    middle: np.ndarray = np.partition(values, half if is_odd else (half - 1, half))[half - 1 + is_odd : half + 1]
    return middle.mean()


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
