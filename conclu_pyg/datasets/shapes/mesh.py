"""Triangle meshes, and shapes put together from named parts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Mesh(NamedTuple):
    """A triangle mesh. The moves return a new mesh, so that they chain: ``box(1, 1, 2).turned("y", 10).at(z=1)``.

    Shapes:
        - **vertices:** ``[V, 3]``, **faces:** int ``[F, 3]``, indices of vertices
    """

    vertices: np.ndarray
    faces: np.ndarray

    def at(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """The mesh moved by (x, y, z)."""
        return Mesh(self.vertices + np.array([x, y, z]), self.faces)

    def scaled(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> Mesh:
        """The mesh stretched along each axis."""
        return Mesh(self.vertices * (x, y, z), self.faces)

    def turned(self, axis: str, degrees: float) -> Mesh:
        """The mesh turned about the axis ``x``, ``y`` or ``z`` through the origin, counter-clockwise."""
        return Mesh(self.vertices @ rotation(axis, degrees).T, self.faces)


class Assembly:
    """A shape that is being put together: meshes, each of them of a named part."""

    def __init__(self) -> None:
        self._meshes: list[Mesh] = []
        self._parts: list[str] = []

    def add(self, part: str, *meshes: Mesh) -> Assembly:
        """Adds meshes to the part called ``part`` and gives the assembly back."""
        self._meshes.extend(meshes)
        self._parts.extend([part] * len(meshes))
        return self

    @property
    def parts(self) -> set[str]:
        """The names of the parts that this shape has."""
        return set(self._parts)

    def merged(self, part_ids: dict[str, int]) -> tuple[Mesh, np.ndarray]:
        """All parts as one mesh.

        Args:
            part_ids: the label of each part's name.

        Shapes:
            - **output:** the mesh with F faces, and each face's part, int64 ``[F]``
        """
        offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in self._meshes[:-1])])
        vertices = np.concatenate([mesh.vertices for mesh in self._meshes])
        faces = np.concatenate([mesh.faces + offset for mesh, offset in zip(self._meshes, offsets, strict=True)])
        counts = [len(mesh.faces) for mesh in self._meshes]
        return Mesh(vertices, faces), np.repeat([part_ids[part] for part in self._parts], counts)


def rotation(axis: str, degrees: float) -> np.ndarray:
    """The matrix that turns column vectors counter-clockwise about ``x``, ``y`` or ``z``.

    Shapes:
        - **output:** ``[3, 3]``
    """
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = cos, -sin, sin, cos
    return matrix
