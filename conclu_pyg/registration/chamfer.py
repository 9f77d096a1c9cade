"""Chamfer distance of registered shapes, against the noise floor of their sampling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from conclu_pyg.registration.shape import Gaps, Shape
from conclu_pyg.registration.similarity import Similarity

WORST = 0.95


class Deviation(NamedTuple):
    """How far two registered shapes deviate.

    The first four are in diagonals of the bounding box of the first shape. The others compare neighbourhoods with what
    two samples of one surface would have there, estimated from the spacing of each shape's own points.

    Attributes:
        distance: the symmetric Chamfer distance: the mean of the mean distances from each shape to the other.
        worst: the larger one of the two directions' 95th percentiles.
        noise: the distance that independent samples of one surface would have.
        error: the standard error of ``distance``.
        spot: the largest ratio of the mean distance of 16 neighbouring points to the expected one.
        patch: the same of about 64 neighbouring points.
        offset: the largest excess of the mean distance from tangent planes of about 64 neighbouring points over the
            expected one and over the median excess, in mean spacings. It shows small shifts of a part that the
            distances from points hide, and hardly depends on noise that is the same everywhere.
    """

    distance: float
    worst: float
    noise: float
    error: float
    spot: float
    patch: float
    offset: float


def chamfer(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Returns the symmetric Chamfer distance of two clouds and the 95th percentile, in the unit of the points.

    The distance is the mean of the two directions' mean distances to the nearest point of the other cloud; the
    percentile is the larger one of the two directions'.

    Shapes:
        - **a:** ``[N, 3]``, **b:** ``[M, 3]``
    """
    return _chamfer(cKDTree(b).query(a)[0], cKDTree(a).query(b)[0])


def _chamfer(forth: np.ndarray, back: np.ndarray) -> tuple[float, float]:
    worst = max(np.quantile(forth, WORST), np.quantile(back, WORST))
    return float(forth.mean() + back.mean()) / 2, float(worst)


def deviation(a: Shape, b: Shape, between: Similarity) -> Deviation:
    """Returns how far ``b`` deviates from ``a`` after a map between their normalised points.

    Args:
        a: the first shape, which is moved.
        b: the second shape.
        between: the map from the normalised points of ``a`` to those of ``b``.
    """
    forth = _compare(a, b, between)  # in radii of b
    back = _compare(b, a, between.inverse())
    scale = float(between.scale)
    unit = a.radius / a.diagonal
    distances = forth.gaps.distance / scale, back.gaps.distance
    distance, worst = _chamfer(*distances)
    noise = (a.spacing + b.spacing / scale) / 2
    error = float(np.sqrt(sum(each.var() / len(each) for each in distances))) / 2
    return Deviation(
        distance=unit * distance,
        worst=unit * worst,
        noise=unit * noise,
        error=unit * error,
        spot=max(forth.spot, back.spot),
        patch=max(forth.patch, back.patch),
        offset=max(forth.offset, back.offset),
    )


class _Direction(NamedTuple):
    gaps: Gaps
    spot: float
    patch: float
    offset: float


def _compare(source: Shape, target: Shape, between: Similarity) -> _Direction:
    """The gaps of the source's points from the target, and the largest ones of neighbourhoods, see Deviation."""
    moved = between.apply(source.normalized)
    distance, index = target.tree.query(moved)
    offset = np.abs(((moved - target.normalized[index]) * target.normals[index]).sum(axis=1))
    gaps = Gaps(distance, offset)
    spots = gaps.over(source.patches)
    there, here = target.own_nearby.at(index).over(source.patches), source.own_patches
    # Noise is part of the spacing of the noisy shape alone, so the larger one is what to expect.
    expected = Gaps(
        np.maximum(there.distance, here.distance * between.scale), np.maximum(there.offset, here.offset * between.scale)
    )
    wide, wide_expected = spots.over(source.wide_patches), expected.over(source.wide_patches)
    excess = (wide.offset - wide_expected.offset) / target.spacing
    return _Direction(
        gaps,
        spot=float((spots.distance / expected.distance).max()),
        patch=float((wide.distance / wide_expected.distance).max()),
        offset=float(excess.max() - np.median(excess)),
    )
