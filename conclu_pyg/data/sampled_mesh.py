"""Points on the surface of a mesh file, sampled in a process that reads files and does not import PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from conclu_pyg.data.resize import shape_rng
from conclu_pyg.io.off import read_off
from conclu_pyg.io.surface import clean_mesh, sample_surface


class NamedMesh(NamedTuple):
    """A mesh file, and the name of its shape, which seeds the sampling."""

    path: Path
    name: str

    def __str__(self) -> str:
        return str(self.path)


def sample_off(mesh: NamedMesh, num_points: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Returns points that are uniform on the surface of a mesh in OFF, and what was repaired.

    Args:
        mesh: the file and the name of its shape.
        num_points: the number of points, N.
        seed: the data set's seed.

    Shapes:
        - **points:** ``[N, 3]``

    Raises:
        DataError: the file cannot be read, or has no surface.
    """
    vertices, triangles = read_off(mesh.path)
    triangles, repairs = clean_mesh(vertices, triangles, str(mesh.path))
    points, _ = sample_surface(vertices, triangles, num_points, shape_rng(seed, mesh.name))
    return points, repairs
