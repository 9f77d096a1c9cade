"""Registration of two shapes: a similarity transform, from all symmetric starts, without an initial guess."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from conclu_pyg.registration.chamfer import Deviation, deviation
from conclu_pyg.registration.icp import icp, refine
from conclu_pyg.registration.shape import COARSE_QUERIES, FINE_QUERIES, Shape
from conclu_pyg.registration.similarity import Similarity
from conclu_pyg.registration.starts import start_rotations

KEPT, RANKED, FINALISTS = 16, 6, 3
RANKING_QUERIES, SHORT_QUERIES = 256, 256
APART = 10.0  # degrees between finalists, so that they are not one solution found several times
HOPELESS = 1.3  # times the least residual after the coarse stage, from which on a map is not refined
TIE, FINE_TIE = 1.1, 1.02  # residuals within these factors of the least one are the same, at the two stages


class Alignment(NamedTuple):
    """A registration of shape ``a`` to shape ``b``.

    Attributes:
        transform: maps the points of ``a`` onto ``b``, in the coordinates of their files.
        deviation: what remains between the two, in diagonals of ``a``.
    """

    transform: Similarity
    deviation: Deviation


def register(a: Shape, b: Shape, *, scale: bool = True, mirror: bool = False) -> Alignment:
    """Returns the best registration found of ``a`` to ``b``; deterministic.

    Every start is improved on a few points by point pairs, the best of them on more points, and the last few by
    tangent planes. Of equally good ones, such as those of a cube, the one with the smallest rotation is returned.

    Args:
        a: the shape to move.
        b: the shape to reach.
        scale: whether the scale may change; otherwise it is 1.
        mirror: returns a map that mirrors instead of one that does not.
    """
    size = np.array(1.0 if scale else a.radius / b.radius)
    best = register_normalized(a, b, size, scale=scale, mirror=mirror)
    return Alignment(in_file_coordinates(a, b, best), deviation(a, b, best))


def in_file_coordinates(a: Shape, b: Shape, between: Similarity) -> Similarity:
    """Returns a map between normalised points as one between the points of the files."""
    ratio = b.radius / a.radius
    rotation = between.rotation
    factor = between.scale * ratio
    translation = b.centroid + b.radius * between.translation - factor * (rotation @ a.centroid)
    return Similarity(rotation, factor, translation)


def in_normalized_coordinates(a: Shape, b: Shape, transform: Similarity) -> Similarity:
    """Returns a map between the points of the files as one between normalised points."""
    scale = transform.scale * a.radius / b.radius
    return Similarity(transform.rotation, scale, (transform.apply(a.centroid[None])[0] - b.centroid) / b.radius)


def register_normalized(a: Shape, b: Shape, size: np.ndarray, *, scale: bool, mirror: bool) -> Similarity:
    """Returns the best map found between the normalised points.

    Args:
        a: the shape to move.
        b: the shape to reach.
        size: the scale to start from.
        scale: whether the scale may change.
        mirror: returns a map that mirrors instead of one that does not.
    """
    maps, residual = coarse_maps(a, b, size, mirror=mirror)
    return improve(a, b, best_of(a, b, maps, residual, scale=scale)[0], scale=scale, first=3)


def coarse_maps(a: Shape, b: Shape, size: np.ndarray, *, mirror: bool) -> tuple[Similarity, np.ndarray]:
    """Returns up to three different maps between the normalised points that a few points fit best, and the residual
    of each; for the arguments see :func:`register_normalized`.

    Shapes:
        - **output:** a batch of S maps, and their :func:`fine_residual` of 256 points, ``[S]``
    """
    rotations = start_rotations(a.invariants, b.invariants) * (-1.0 if mirror else 1.0)
    maps = Similarity(rotations, np.full(len(rotations), float(size)), np.zeros((len(rotations), 3)))
    tables = (a.coarse_table, b.coarse_table)
    queries = (a.normalized[:COARSE_QUERIES], b.normalized[:COARSE_QUERIES])
    maps, residual = icp(*queries, tables, maps, 2)
    maps, residual = icp(*queries, tables, maps.at(_best(maps, residual, KEPT)), 6)
    maps = maps.at(_best(maps, residual, RANKED, APART))
    residual = fine_residual(a, b, maps, RANKING_QUERIES)  # few points cannot tell maps apart that differ in a detail
    chosen = _best(maps, residual, FINALISTS)
    return maps.at(chosen), residual[chosen]


def best_of(a: Shape, b: Shape, maps: Similarity, residual: np.ndarray, *, scale: bool) -> tuple[Similarity, float]:
    """Returns the best of some maps after a short refinement on a part of the points, and its residual; of equally
    good ones, that of the smallest rotation.

    Args:
        a: the shape to move.
        b: the shape to reach.
        maps: the maps of :func:`coarse_maps`.
        residual: their residuals; a map that is much worse than the best one is not refined.
        scale: whether the scale may change.
    """
    promising = maps.at(np.flatnonzero(residual <= HOPELESS * residual.min()))
    refined = [
        improve(a, b, Similarity(*row), scale=scale, iterations=4, queries=SHORT_QUERIES)
        for row in zip(*promising, strict=True)
    ]
    residuals = np.array([float(fine_residual(a, b, candidate)) for candidate in refined])
    near = np.flatnonzero(residuals <= FINE_TIE * residuals.min())
    best = min(near, key=lambda i: round(refined[i].degrees, 3))
    return refined[best], float(residuals[best])


def improve(
    a: Shape,
    b: Shape,
    start: Similarity,
    *,
    turn: bool = True,
    scale: bool = True,
    iterations: int = 10,
    first: int = 0,
    queries: int = FINE_QUERIES,
) -> Similarity:
    """Returns a map between the normalised points, improved by tangent planes; for the arguments see ``refine``."""
    points = (a.normalized[:queries], b.normalized[:queries])
    trees, normals = (a.fine_tree, b.fine_tree), (a.fine_normals, b.fine_normals)
    return refine(*points, trees, normals, start, iterations, turn=turn, scale=scale, first=first)


def fine_residual(a: Shape, b: Shape, between: Similarity, queries: int = FINE_QUERIES) -> np.ndarray:
    """Returns the mean distance of a part of the normalised points after each map, in radii of ``a``.

    Shapes:
        - **between:** one map or a batch of S maps
        - **output:** a scalar or ``[S]``
    """
    forth, _ = b.tree.query(between.apply(a.normalized[:queries]))
    back, _ = a.tree.query(between.inverse().apply(b.normalized[:queries]))
    return (forth.mean(axis=-1) / between.scale + back.mean(axis=-1)) / 2


def _best(maps: Similarity, residual: np.ndarray, number: int, apart: float = 0.0) -> list[int]:
    """The indices of the least residuals; of those that are as good as the best one, first that of the least rotation.

    Of maps whose rotations differ by less than ``apart`` degrees, the first one alone.
    """
    order = np.argsort(residual, kind="stable")
    tied = np.flatnonzero(residual <= TIE * residual.min())
    traces = np.trace(maps.rotation, axis1=1, axis2=2) * np.linalg.det(maps.rotation)
    # The trace of R^T Q is 1 + 2 cos of the angle between two rotations.
    similar = np.einsum("iab,jab->ij", maps.rotation, maps.rotation) > 1 + 2 * np.cos(np.radians(apart))
    chosen: list[int] = []
    for index in [int(tied[np.argmax(np.round(traces[tied], 6))]), *map(int, order)]:
        if index not in chosen and not similar[index, chosen].any():
            chosen.append(index)
        if len(chosen) == number:
            break
    return chosen
