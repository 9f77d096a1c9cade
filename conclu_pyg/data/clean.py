"""What is refused in a cloud and what is mended: after this, a cloud can be trained on.

Refused, with the name of the file: an array that is not of numbers ``[m, 3]``, and a cloud without points, without a
finite point, or whose points all coincide.

Mended, and reported: points that are not finite are left out; a cloud far from the origin is moved there, because
float32 cannot tell its points apart out there; a cloud with too few points is filled up by repeating points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.transposed import check_not_transposed

# Distances are squared in float32, whose largest number is 3e38 and whose smallest is 1e-38.
MAX_COORDINATE = 1e15
MIN_EXTENT = 1e-15
# float32 holds 24 bits: from here on less than half of them are left for the shape itself.
MAX_OFFSET = 4096.0

NOT_FINITE = "points that are not finite numbers were left out"
FAR_AWAY = "far from the origin, moved there"
FILLED_UP = "too few points, filled up by repeating some"

REMEDY = "remove it from the data set or restore it"

Rows = np.ndarray | slice  # what an array is indexed with: row numbers, a mask, or all of it


class Mended(NamedTuple):
    """A cloud that was checked and mended.

    Attributes:
        points: what can be trained on.
        rows: which rows of the array these are.
        repairs: what was mended.
        offset: what was taken off every point of a cloud far from the origin; ``None`` of all others.

    Shapes:
        - **points:** float32 ``[k, 3]``, **offset:** float64 ``[3]``
    """

    points: np.ndarray
    rows: Rows
    repairs: list[str]
    offset: np.ndarray | None


def mend(points: np.ndarray, source: str) -> tuple[np.ndarray, list[str]]:
    """Checks one cloud and mends what can be mended.

    Args:
        points: the coordinates as they were read, in any number type.
        source: what to call the cloud in messages.

    Shapes:
        - **points:** ``[m, 3]``
        - **output:** float32 ``[k, 3]`` with ``1 <= k <= m``, and the repairs that were made

    Raises:
        DataError: another shape than ``[m, 3]``, no points, none that is finite, or all of them in one place.
    """
    mended = mend_rows(points, source)
    return mended.points, mended.repairs


def mend_rows(points: np.ndarray, source: str, remedy: str = REMEDY) -> Mended:
    """:func:`mend`, which also gives the rows of ``points`` that were kept, for what goes with them, and by how much
    they were moved; ``remedy`` is what the messages say is to be done about a cloud that is refused."""
    check_not_transposed(points.shape, source)
    if points.ndim != 2 or points.shape[1] != 3 or points.dtype.kind not in "fiu":
        raise DataError(
            f"{source} has an array of {points.dtype} of shape {list(points.shape)}, where numbers of shape "
            f"[points, 3] are expected; keep its first three columns if those are x, y and z, or {remedy}."
        )
    if len(points) == 0:
        raise DataError(f"{source} has no points; {remedy}.")
    rows: Rows = slice(None)
    repairs, offset = [], None
    with np.errstate(invalid="ignore"):  # comparisons with NaN are meant here
        usable = (np.abs(points) <= MAX_COORDINATE).all(axis=1)
    if not usable.all():
        if not usable.any():
            raise DataError(
                f"{source} has {len(points):,} points and none with three finite coordinates below {MAX_COORDINATE:g}; "
                f"{remedy}."
            )
        rows = usable
        points = points[rows]
        repairs.append(NOT_FINITE)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    if extent <= MIN_EXTENT:
        raise DataError(
            f"{source} has {len(points):,} points, all in one place ({', '.join(f'{x:g}' for x in low)}); {remedy}."
        )
    if float(np.abs(low + high).max()) / 2 > MAX_OFFSET * extent:
        offset = (low.astype(np.float64) + high) / 2
        points = points - offset
        repairs.append(FAR_AWAY)
    return Mended(np.ascontiguousarray(points, dtype=np.float32), rows, repairs, offset)


def resize(points: np.ndarray, num_points: int, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Gives a cloud exactly ``num_points`` points: a random choice of them, or all of them and some again.

    Shapes:
        - **points:** ``[k, 3]``
        - **output:** ``[num_points, 3]``, and the repairs that were made
    """
    rows, repairs = resized_rows(len(points), num_points, rng)
    return points[rows], repairs


def resized_rows(size: int, num_points: int, rng: np.random.Generator) -> tuple[Rows, list[str]]:
    """The rows that :func:`resize` takes of a cloud of ``size`` points, for what goes with them."""
    if size == num_points:
        return slice(None), []
    if size > num_points:
        return rng.choice(size, num_points, replace=False), []
    # Whole copies first, so that no point is repeated twice before every other is repeated once.
    copies, rest = divmod(num_points, size)
    return np.concatenate([np.tile(np.arange(size), copies), rng.choice(size, rest, replace=False)]), [FILLED_UP]
