"""Primitive surfaces. Each stands on z = 0, centred on the z axis, unless its docstring differs.

Circles are polygons of ``segments`` sides: 24 sides stay within 1 % of the true radius. Closed surfaces face outwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from conclu_pyg.datasets.shapes.mesh import Mesh
from conclu_pyg.io.surface import cross

Point = Sequence[float] | np.ndarray


@cache
def _loft_faces(rings: int, segments: int, caps: bool) -> np.ndarray:
    """Returns two triangles for each quadrilateral between neighbouring rings, and two fans over the ends."""
    ring, segment = np.divmod(np.arange((rings - 1) * segments), segments)
    following = (segment + 1) % segments
    a, b = ring * segments + segment, ring * segments + following
    faces = [np.stack([a, b, b + segments], axis=1), np.stack([a, b + segments, a + segments], axis=1)]
    if caps:
        start = np.arange(segments)
        turn = (start + 1) % segments
        last, bottom = (rings - 1) * segments, rings * segments
        faces.append(np.stack([np.full(segments, bottom), turn, start], axis=1))
        faces.append(np.stack([np.full(segments, bottom + 1), last + start, last + turn], axis=1))
    return np.concatenate(faces)


@cache
def _circle(segments: int, phase: float = 0.0) -> np.ndarray:
    """Returns points on the unit circle, ``[segments, 2]``."""
    angle = 2 * np.pi * (np.arange(segments) + phase) / segments
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def loft(rings: np.ndarray, caps: bool = True) -> Mesh:
    """Makes the surface over a row of closed rings; every other primitive is one.

    Args:
        rings: the points of each ring, in matching order.
        caps: closes both ends with a fan around the mean of the ring; end rings must be star-shaped around it.

    Shapes:
        - **rings:** ``[K, M, 3]`` with K >= 2
    """
    count, segments, _ = rings.shape
    vertices = rings.reshape(-1, 3)
    if caps:
        vertices = np.concatenate([vertices, rings[[0, -1]].mean(axis=1)])
    return Mesh(vertices, _loft_faces(count, segments, caps)).facing_outwards()


def box(width: float, depth: float, height: float, top: float = 1.0) -> Mesh:
    """Makes a box, ``width`` along x and ``depth`` along y; ``top`` scales its upper face to a truncated pyramid."""
    base = _circle(4, 0.5) * (width / np.sqrt(2), depth / np.sqrt(2))
    rings = np.zeros((2, 4, 3))
    rings[0, :, :2], rings[1, :, :2], rings[1, :, 2] = base, base * top, height
    return loft(rings)


def extrude(outline: np.ndarray, height: float) -> Mesh:
    """Makes a plate of thickness ``height`` whose outline is star-shaped around its mean.

    Shapes:
        - **outline:** ``[M, 2]``, the corners in order
    """
    rings = np.zeros((2, len(outline), 3))
    rings[:, :, :2], rings[1, :, 2] = outline, height
    return loft(rings)


def rounded(width: float, depth: float, power: float = 4.0, segments: int = 24) -> np.ndarray:
    """Returns the outline of a superellipse: an ellipse for ``power`` 2, closer to a rectangle for larger values.

    Shapes:
        - **output:** ``[segments, 2]``
    """
    circle = _circle(segments)
    return np.sign(circle) * np.abs(circle) ** (2 / power) * (width / 2, depth / 2)


def revolve(profile: Sequence[tuple[float, float]] | np.ndarray, segments: int = 24) -> Mesh:
    """Makes the surface that a profile sweeps around the z axis; it is closed if the profile ends on the axis.

    Args:
        profile: pairs of radius and height.
        segments: sides of the polygon that approximates a circle.
    """
    profile = np.asarray(profile, dtype=float)
    rings = np.empty((len(profile), segments, 3))
    rings[:, :, :2] = profile[:, None, :1] * _circle(segments)
    rings[:, :, 2] = profile[:, 1:]
    return loft(rings, caps=False)


def frustum(bottom: float, top: float, height: float, segments: int = 16) -> Mesh:
    """Makes a closed cylinder, cone or truncated cone, given its two radii."""
    return revolve([(0.0, 0.0), (bottom, 0.0), (top, height), (0.0, height)], segments)


def ellipsoid(x: float, y: float, z: float, low: float = -90.0, high: float = 90.0) -> Mesh:
    """Makes an ellipsoid **around the origin**, given its half-axes, between the latitudes ``low`` and ``high``."""
    latitude = np.radians(np.linspace(low, high, 13))
    return revolve(np.stack([np.cos(latitude), np.sin(latitude)], axis=1)).scaled(x, y, z)


def tube(path: np.ndarray, radius: float | np.ndarray, segments: int = 8, flat: float = 1.0) -> Mesh:
    """Makes a closed tube along a path, such as a handle.

    Args:
        path: points of the centre line, preferably in a plane through two of the axes.
        radius: half the thickness, one value or one for each point of the path.
        segments: sides of the polygon that approximates its cross-section.
        flat: scales the cross-section across the plane of the path, to a strap or a blade.

    Shapes:
        - **path:** ``[K, 3]``, **radius:** float or ``[K]``
    """
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    # The path is nowhere parallel to the axis that it follows least, so the frame never degenerates.
    reference = np.eye(3)[np.abs(tangent).max(axis=0).argmin()]
    across = cross(tangent, reference[None])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    normal = cross(across, tangent) * flat
    circle = _circle(segments)
    section = circle[None, :, :1] * across[:, None] + circle[None, :, 1:] * normal[:, None]  # (K, segments, 3)
    return loft(path[:, None] + section * np.broadcast_to(radius, len(path))[:, None, None])


def bar(start: Point, end: Point, radius: float, tip: float | None = None, sides: int = 8) -> Mesh:
    """Makes a straight rod between two points, of radius ``tip`` at its end (default: ``radius``)."""
    return tube(np.array([start, end], dtype=float), np.array([radius, radius if tip is None else tip]), sides)


def torus(radius: float, thickness: float, start: float = 0.0, stop: float = 360.0) -> Mesh:
    """Makes a ring in the plane z = 0 **around the origin**, or its arc from ``start`` to ``stop`` degrees.

    Args:
        radius: the radius of the centre line.
        thickness: the radius of the tube.
        start: the start of the arc, in degrees from the x axis.
        stop: the end of the arc, in degrees.
    """
    angle = np.radians(np.linspace(start, stop, 25))
    return tube(np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle], axis=1), thickness)
