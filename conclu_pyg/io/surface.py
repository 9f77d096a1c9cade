"""Sampling of points from the surface of a triangle mesh."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from conclu_pyg.data.clean import MAX_COORDINATE
from conclu_pyg.errors import DataError
from conclu_pyg.text import pluralize

CHUNK = 1 << 14  # triangles
BROKEN_FACES = f"faces with a corner that is not finite or beyond the limit of {MAX_COORDINATE:g} were removed"


def sample_surface(
    vertices: np.ndarray,
    triangles: np.ndarray,
    num_points: int,
    rng: np.random.Generator,
    density: np.ndarray | None = None,
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

    Shapes:
        - **vertices:** ``[V, 3]``, **triangles:** ``[T, 3]``, **density:** ``[T]``
        - **output:** the points, float64 ``[num_points, 3]``, and the triangle of each, int64 ``[num_points]``
    """
    weight = _double_areas(vertices, triangles)
    if density is not None:
        weight *= density
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
    if not any((_double_area(*_corners(vertices, chunk)) > 0).any() for chunk in _chunks(cleaned)):
        raise DataError(
            f"{source} has {pluralize(len(triangles), 'triangle')} and no area; restore it or leave it out.",
            file=source,
            got=len(triangles),
        )
    return cleaned, [] if usable.all() else [BROKEN_FACES]


def count_without_area(vertices: np.ndarray, triangles: np.ndarray) -> int:
    """Returns the number of triangles without area, of which no point is sampled.

    Shapes:
        - **vertices:** ``[V, 3]``, **triangles:** ``[T, 3]``
    """
    return int((_double_areas(vertices, triangles) == 0).sum())


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns the cross products of rows, several times faster than ``np.cross`` on arrays of this size.

    Shapes:
        - **a, b:** ``[N, 3]`` or ``[1, 3]``
        - **output:** ``[N, 3]``
    """
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]


def _corners(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the first, second and third corner of each triangle, ``[T, 3]`` each."""
    return vertices[triangles[:, 0]], vertices[triangles[:, 1]], vertices[triangles[:, 2]]


def _double_areas(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Returns twice the area of each triangle, ``[T]``."""
    found = [_double_area(*_corners(vertices, chunk)) for chunk in _chunks(triangles)]
    return np.concatenate(found) if found else np.zeros(0)


def _chunks(triangles: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the triangles in parts whose corners fit into the processor's cache."""
    for start in range(0, len(triangles), CHUNK):
        yield triangles[start : start + CHUNK]


def _double_area(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Returns twice the area of each triangle, ``[T]``."""
    return np.linalg.norm(cross(b - a, c - a), axis=1)
