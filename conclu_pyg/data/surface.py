"""Points on the surface of a mesh, spread evenly over its area."""

from __future__ import annotations

import numpy as np

from conclu_pyg.data.repair import MAX_COORDINATE
from conclu_pyg.errors import DataError

BROKEN_FACES = "faces with a corner that is not finite were left out"


def sample_surface(
    vertices: np.ndarray, triangles: np.ndarray, num_points: int, rng: np.random.Generator, source: str = "the mesh"
) -> tuple[np.ndarray, list[str]]:
    r"""Samples points independently and uniformly over the area of a triangle mesh.

    A triangle is drawn in proportion to its area, and in it the point

    .. math:: (1 - \sqrt{r_1}) A + \sqrt{r_1} (1 - r_2) B + \sqrt{r_1} r_2 C

    of two uniform numbers (Osada et al., "Shape distributions", 2002, section 4.2).

    Args:
        vertices: where the corners are.
        triangles: the corners of each triangle, as indices into ``vertices``.
        num_points: how many points to sample.
        rng: all randomness comes from here.
        source: what to call the mesh in messages.

    Shapes:
        - **vertices:** ``[V, 3]``, **triangles:** ``[T, 3]``
        - **output:** float64 ``[num_points, 3]``, and the repairs that were made

    Raises:
        DataError: the mesh has no area.
    """
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))  # each [T, 3]
    with np.errstate(invalid="ignore"):  # comparisons with NaN are meant here
        usable = np.logical_and.reduce([(np.abs(corner) <= MAX_COORDINATE).all(axis=1) for corner in (a, b, c)])
    repairs = []
    if not usable.all():
        a, b, c = a[usable], b[usable], c[usable]
        repairs.append(BROKEN_FACES)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)  # twice the area
    cumulative = np.cumsum(areas)
    if len(areas) == 0 or not cumulative[-1] > 0:
        raise DataError(
            f"{source} has {len(triangles):,} triangles and none of them has an area; restore it or remove it from the "
            f"data set."
        )
    # The last triangle with an area takes what rounding leaves at the end; one without area is never drawn.
    last = int(np.flatnonzero(areas)[-1])
    drawn = np.searchsorted(cumulative, rng.random(num_points) * cumulative[-1], side="right").clip(max=last)
    root, r2 = np.sqrt(rng.random((num_points, 1))), rng.random((num_points, 1))
    return (1 - root) * a[drawn] + root * (1 - r2) * b[drawn] + root * r2 * c[drawn], repairs
