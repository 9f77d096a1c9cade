"""Numbers and clouds as compact text within a page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

BYTE, WORD = "<u1", "<u2"


def pack(values: np.ndarray, kind: str = WORD) -> str:
    """Returns whole numbers as base64 of little-endian unsigned numbers.

    Args:
        values: the numbers, which the kind can hold.
        kind: ``<u1`` or ``<u2`` (default: ``<u2``).
    """
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode()


def quantise(values: np.ndarray, low: float, high: float, kind: str = WORD) -> np.ndarray:
    """Returns numbers between two bounds as whole numbers from 0 to the largest of a kind.

    Shapes:
        - **values, output:** ``[...]``
    """
    largest = np.iinfo(np.dtype(kind)).max
    share = (values - low) / max(high - low, np.finfo(np.float64).tiny)
    return np.clip(np.rint(share * largest), 0, largest)


def pack_clouds(clouds: Sequence[np.ndarray], up_axis: int, kind: str = BYTE) -> dict[str, Any]:
    """Returns the points of clouds as text: centred, scaled to the cube from -1 to 1, with z up.

    A cloud takes 4 bytes of text for each point, 8 with ``<u2``. Points that are not finite are left out.

    Args:
        clouds: the points of each cloud, in any unit.
        up_axis: the up axis, 0 to 2.
        kind: ``<u1`` or ``<u2`` (default: ``<u1``).

    Shapes:
        - **clouds:** ``[m, 3]`` each

    Returns:
        ``counts`` and ``points``, base64 of the number of points of each cloud and of the coordinates, and ``bits``.
    """
    packed = [to_cube(cloud, up_axis) for cloud in clouds]
    points = np.concatenate([np.empty((0, 3)), *packed])
    counts = np.array([len(cloud) for cloud in packed])
    return {
        "counts": pack(counts),
        "points": pack(quantise(points, -1, 1, kind), kind),
        "bits": 8 * np.dtype(kind).itemsize,
    }


def to_cube(points: np.ndarray, up_axis: int) -> np.ndarray:
    """Returns the finite points of a cloud, centred and scaled to the cube from -1 to 1, with z up.

    Shapes:
        - **points, output:** ``[m, 3]``
    """
    points = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high / 2 - low / 2).max()), np.finfo(np.float64).tiny)  # no overflow for large coordinates
    return np.roll((points - (low / 2 + high / 2)) / half, -(up_axis + 1), axis=1)
