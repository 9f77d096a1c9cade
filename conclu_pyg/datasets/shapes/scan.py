"""Simulation of a scanner: points of uneven density, with noise, and perhaps from one side only."""

from __future__ import annotations

import numpy as np

from conclu_pyg.datasets.shapes.mesh import Mesh
from conclu_pyg.io.surface import sample_surface


def uneven_density(mesh: Mesh, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Returns a density of points that falls by the factor exp(strength) from one side of the shape to the other.

    Args:
        mesh: the shape.
        strength: 0 is the same density everywhere.
        rng: draws the direction.

    Shapes:
        - **output:** ``[F]``, for :func:`~conclu_pyg.io.surface.sample_surface`
    """
    direction = rng.normal(size=3)
    along = (mesh.vertices @ direction)[mesh.drawn_corners].mean(axis=1)
    return np.exp(strength * (along - along.min()) / max(np.ptp(along), 1e-12))


def seen_from_one_side(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns a mask of the points that a distant camera sees: in each pixel of a coarse image, those near the front.

    Args:
        points: a dense sample of the surface.
        rng: draws the direction of view: any heading, from slightly below to well above.

    Shapes:
        - **points:** ``[N, 3]``
        - **output:** bool ``[N]``
    """
    cells = max(int(np.sqrt(len(points) / 10)), 1)  # about ten points in a pixel, so the far side is seldom visible
    heading, height = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(-10, 50))
    ahead = np.array([np.cos(heading) * np.cos(height), np.sin(heading) * np.cos(height), np.sin(height)])
    right = np.array([-np.sin(heading), np.cos(heading), 0.0])
    view = points @ np.stack([right, np.cross(ahead, right), ahead], axis=1)
    low, extent = view.min(axis=0), np.ptp(view, axis=0).max()
    pixel = np.minimum(((view[:, :2] - low[:2]) / extent * cells).astype(int), cells - 1) @ (cells, 1)
    foremost = np.full(cells * cells, -np.inf)
    np.maximum.at(foremost, pixel, view[:, 2])
    return view[:, 2] > foremost[pixel] - 1.5 * extent / cells


def scan(
    mesh: Mesh, num_points: int, rng: np.random.Generator, *, one_sided: bool, density: float, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Samples a cloud from the surface of a shape.

    Args:
        mesh: the shape.
        num_points: the number of points.
        rng: the source of randomness.
        one_sided: keeps only the points that are visible from one side.
        density: see :func:`uneven_density`.
        noise: standard deviation of each coordinate's error, as a fraction of half the bounding box's diagonal.

    Shapes:
        - **output:** the points ``[num_points, 3]`` and the face of each, int64 ``[num_points]``
    """
    weight = uneven_density(mesh, density, rng) if density else None
    count = num_points * (4 if one_sided else 1)
    points, face = sample_surface(mesh.vertices, mesh.drawn_corners, count, rng, weight)
    if one_sided:
        kept = np.flatnonzero(seen_from_one_side(points, rng))
        if len(kept) < num_points:  # few points are visible: some of them appear twice
            kept = np.concatenate([kept, rng.choice(kept, num_points - len(kept))])
        points, face = points[kept[:num_points]], face[kept[:num_points]]
    if noise:
        radius = np.linalg.norm(np.ptp(mesh.vertices, axis=0)) / 2
        points = points + rng.normal(scale=noise * radius, size=points.shape)
    return points, face
