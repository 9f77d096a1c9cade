"""Dents, bulges and holes in clouds."""

from __future__ import annotations

import numpy as np

KINDS = ("dent", "bulge", "hole")
RADII = (0.1, 0.2)  # of the damage, relative to the diagonal of the bounding box: between these
DEPTH = 0.5  # of a dent or bulge, relative to its radius


def damage(points: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Returns a cloud with a damage around one of its points.

    A dent or bulge moves the points within the radius along the normal of the surface there, in the middle by half the
    radius and less towards the edge. The normal is that of the plane through the points near the middle, away from the
    centre of the cloud. A hole removes the points within the radius, so the cloud has fewer.

    Args:
        points: the cloud.
        kind: ``dent``, ``bulge`` or ``hole``.
        rng: draws the point and the radius, 10 to 20 % of the diagonal.

    Shapes:
        - **points:** ``[n, 3]``, **output:** ``[m, 3]``
    """
    radius = rng.uniform(*RADII) * np.linalg.norm(np.ptp(points, axis=0))
    middle = points[rng.integers(len(points))]
    distance = np.linalg.norm(points - middle, axis=1)
    if kind == "hole":
        return points[distance > radius]
    near = points[np.argsort(distance, kind="stable")[: max(10, int((distance < radius / 2).sum()))]]
    normal = np.linalg.svd(near - near.mean(axis=0), full_matrices=False)[2][-1]
    outwards = 1 if normal @ (middle - points.mean(axis=0)) >= 0 else -1
    height = DEPTH * radius * (1 - np.minimum(1, distance / radius) ** 2) ** 2
    sign = outwards if kind == "bulge" else -outwards
    return points + sign * height[:, None] * normal
