"""Points of simple shapes for the tests of registration."""

import numpy as np

from conclu_pyg.datasets.shapes.mesh import Mesh
from conclu_pyg.datasets.shapes.primitives import bar, box, ellipsoid, frustum
from conclu_pyg.io.surface import sample_surface

POINTS = 4096


def sample(*meshes: Mesh, seed: int = 0, points: int = POINTS) -> np.ndarray:
    """Returns points of the surface of all meshes together, ``[points, 3]``."""
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    faces = np.concatenate([mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=True)])
    vertices = np.concatenate([mesh.vertices for mesh in meshes])
    return sample_surface(vertices, faces, points, np.random.default_rng(seed))[0]


def gate(shift: float = 0.0, size: float = 1.0) -> list[Mesh]:
    """A chiral shape, of a diagonal of about 5: a plate with three different stubs, one shifted or scaled."""
    stub = box(0.8 * size, 0.8 * size, 1.2 * size).at(1.2 + shift, 0.4, 0.1)
    return [box(4, 2.4, 0.2), stub, frustum(0.3, 0.3, 1.6).at(-1.4, -0.7, 0.1), bar((-1, 0.8, 0), (0.3, 1, 0.9), 0.15)]


SYMMETRIC = {
    "cylinder": [frustum(1, 1, 3, 48)],
    "box": [box(3, 2, 1)],
    "square rod": [box(1, 1, 3)],
    "cube": [box(2, 2, 2)],
    "ball": [ellipsoid(1, 1, 1)],
}
