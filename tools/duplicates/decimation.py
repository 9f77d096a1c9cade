"""Copies of a mesh with fewer triangles."""

from __future__ import annotations

import numpy as np

from conclu_pyg.io.surface import sample_surface
from conclu_pyg.open3d_library import import_open3d

MIN_TRIANGLES = 8


def decimate(
    vertices: np.ndarray, triangles: np.ndarray, share: float, points: int, rng: np.random.Generator, divide: int = 0
) -> np.ndarray:
    """Returns points of the surface after a quadric decimation.

    Args:
        vertices: the corners.
        triangles: the corners of each triangle, as indices into ``vertices``.
        share: of the triangles that are kept; at least 8 are.
        points: the number of points.
        rng: the source of randomness.
        divide: how many times each triangle is divided into four before (default: 0).

    Shapes:
        - **vertices:** ``[V, 3]``, **triangles:** ``[T, 3]``, **output:** ``[points, 3]``

    Raises:
        ConcluError: Open3D is missing.
    """
    open3d = import_open3d("decimating meshes", "which this tool cannot do without")
    mesh = open3d.geometry.TriangleMesh(
        open3d.utility.Vector3dVector(vertices), open3d.utility.Vector3iVector(triangles.astype(np.int32))
    ).remove_duplicated_vertices()
    mesh = mesh.subdivide_midpoint(divide) if divide else mesh
    less = mesh.simplify_quadric_decimation(max(MIN_TRIANGLES, int(share * len(mesh.triangles))))
    return sample_surface(np.asarray(less.vertices), np.asarray(less.triangles), points, rng)[0]
