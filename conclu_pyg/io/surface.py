"""Sampling of points from the surface of a triangle mesh."""

from __future__ import annotations

import numpy as np

from conclu_pyg.data.clean import MAX_COORDINATE
from conclu_pyg.errors import DataError
from conclu_pyg.text import pluralize

CHUNK = 1 << 14  # triangles
FIRST = 64  # triangles whose areas are computed first
BROKEN_FACES = f"faces with a corner that is not finite or beyond the limit of {MAX_COORDINATE:g} were removed"


def sample_surface(
    vertices: np.ndarray,
    triangles: np.ndarray,
    num_points: int,
    rng: np.random.Generator,
    density: np.ndarray | None = None,
    areas: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Samples points independently from a triangle mesh, uniformly over its area or by a density.

    A triangle is drawn with a probability proportional to its area, and in it the point

    .. math:: (1 - \sqrt{r_1}) A + \sqrt{r_1} (1 - r_2) B + \sqrt{r_1} r_2 C

    of two uniform numbers (Osada et al., "Shape distributions", 2002, section 4.2).

    Args:
        vertices: the coordinates of the corners.
        triangles: the corners of each triangle, as indices into ``vertices``; at least one triangle has an area, and
            all corners are finite (see :func:`clean_mesh`).
        num_points: the number of points to sample.
        rng: the source of randomness.
        density: points per unit of area of each triangle, relative to the others (default: the same for all).
        areas: twice the area of each triangle, as of :func:`double_areas` (default: computed).

    Shapes:
        - **vertices:** ``[V, 3]``, **triangles:** ``[T, 3]``, **density, areas:** ``[T]``
        - **output:** the points, float64 ``[num_points, 3]``, and the triangle of each, int64 ``[num_points]``
    """
    weight = double_areas(vertices, triangles) if areas is None else areas
    if density is not None:
        weight = weight * density
    cumulative = np.cumsum(weight)
    # The last triangle with an area takes the rounding error at the end; one without area is never drawn.
    last = int(np.flatnonzero(weight)[-1])
    drawn = np.searchsorted(cumulative, rng.random(num_points) * cumulative[-1], side="right").clip(max=last)
    root, r2 = np.sqrt(rng.random((num_points, 1))), rng.random((num_points, 1))
    a, b, c = (vertices[corner] for corner in triangles[drawn].T)
    return (1 - root) * a + root * (1 - r2) * b + root * r2 * c, drawn


def clean_mesh(vertices: np.ndarray, triangles: np.ndarray, source: str) -> tuple[np.ndarray, list[str]]:
    """Returns the triangles that points can be sampled from: those whose corners are all finite.

    Args:
        vertices: the coordinates of the corners.
        triangles: the corners of each triangle, as indices into ``vertices``.
        source: the name of the mesh in messages.

    Shapes:
        - **vertices:** ``[V, 3]``, **triangles:** ``[T, 3]``
        - **output:** ``[T', 3]``, and the repairs that were made

    Raises:
        DataError: the mesh has no area.
    """
    with np.errstate(invalid="ignore"):  # comparisons with NaN are intended
        finite = (np.abs(vertices) <= MAX_COORDINATE).all(axis=1)
    usable = finite[triangles].all(axis=1)
    cleaned = triangles if usable.all() else triangles[usable]
    # Among the first few there mostly is one.
    if not any((double_areas(vertices, some) > 0).any() for some in (cleaned[:FIRST], cleaned[FIRST:])):
        raise DataError(
            f"{source} has {pluralize(len(triangles), 'triangle')} and no area; restore it or leave it out.",
            file=source,
            got=len(triangles),
        )
    return cleaned, [] if usable.all() else [BROKEN_FACES]


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns the cross products of rows, several times faster than ``np.cross`` on arrays of this size.

    Shapes:
        - **a, b:** ``[N, 3]`` or ``[1, 3]``
        - **output:** ``[N, 3]``
    """
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]


def double_areas(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Returns twice the area of each triangle.

    Shapes:
        - **vertices:** ``[V, 3]``, **triangles:** ``[T, 3]``, **output:** ``[T]``
    """
    areas = np.empty(len(triangles))
    for start in range(0, len(triangles), CHUNK):  # in parts whose corners fit into the processor's cache
        chunk = triangles[start : start + CHUNK]
        a, b, c = (vertices[chunk[:, corner]] for corner in range(3))
        areas[start : start + CHUNK] = np.linalg.norm(cross(b - a, c - a), axis=1)
    return areas
