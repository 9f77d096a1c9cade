"""Triangle meshes, and shapes assembled from named parts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from conclu_pyg.io.surface import cross


class Mesh(NamedTuple):
    """A triangle mesh; the corners of a face of a closed surface are counter-clockwise seen from outside.

    The moves return a new mesh, so they can be chained: ``box(1, 1, 2).turned("y", 10).at(z=1)``.

    Attributes:
        vertices: the coordinates of the corners.
        faces: the corners of each face, indices of vertices.
        flipped: whether second and third corner were exchanged, for all faces or for each. Two random numbers give
            another point of a face if its corners are in another order, so points are drawn from :attr:`drawn_corners`:
            a seed gives the same clouds whichever way the faces were wound when the shape was made.

    Shapes:
        - **vertices:** ``[V, 3]``, **faces:** int ``[F, 3]``, **flipped:** bool or bool ``[F]``
    """

    vertices: np.ndarray
    faces: np.ndarray
    flipped: bool | np.ndarray = False

    @property
    def drawn_corners(self) -> np.ndarray:
        """The corners of each face in the order in which points are drawn from it, ``[F, 3]``."""
        return np.where(np.reshape(self.flipped, (-1, 1)), self.faces[:, [0, 2, 1]], self.faces)

    def at(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """Returns the mesh moved by (x, y, z)."""
        return self._replace(vertices=self.vertices + np.array([x, y, z]))

    def scaled(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> Mesh:
        """Returns the mesh stretched along each axis; a negative factor mirrors it."""
        mesh = self._replace(vertices=self.vertices * (x, y, z))
        return mesh.reversed() if x * y * z < 0 else mesh

    def turned(self, axis: str, degrees: float) -> Mesh:
        """Returns the mesh rotated about the axis ``x``, ``y`` or ``z`` through the origin, counter-clockwise."""
        return self._replace(vertices=self.vertices @ rotation(axis, degrees).T)

    def reversed(self) -> Mesh:
        """Returns the mesh with all faces looking the other way."""
        return Mesh(self.vertices, self.faces[:, [0, 2, 1]], np.logical_not(self.flipped))

    def facing_outwards(self) -> Mesh:
        """Returns the mesh with its faces looking outwards if it is closed; an open surface is returned as it is."""
        a, b, c = (self.vertices[self.faces[:, corner]] for corner in range(3))
        normal = cross(b - a, c - a)
        # Of a closed surface the area vectors sum to zero, and then its volume does not depend on the origin.
        if np.abs(normal.sum(axis=0)).max() > 1e-9 * np.abs(normal).sum():
            return self
        return self.reversed() if (a * normal).sum() < 0 else self


class Assembly:
    """A shape under construction: meshes, each with the name of its part."""

    def __init__(self) -> None:
        self._meshes: list[Mesh] = []
        self._parts: list[str] = []

    def add(self, part: str, *meshes: Mesh) -> Assembly:
        """Adds meshes to the part called ``part`` and returns the assembly."""
        self._meshes.extend(meshes)
        self._parts.extend([part] * len(meshes))
        return self

    @property
    def meshes(self) -> list[Mesh]:
        """The meshes in the order in which they were added."""
        return list(self._meshes)

    @property
    def parts(self) -> set[str]:
        """The names of the parts that this shape has."""
        return set(self._parts)

    def merged(self, part_ids: dict[str, int]) -> tuple[Mesh, np.ndarray]:
        """Returns all parts as one mesh.

        Args:
            part_ids: the label of each part's name.

        Shapes:
            - **output:** the mesh with F faces, and each face's part, int64 ``[F]``
        """
        offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in self._meshes[:-1])])
        vertices = np.concatenate([mesh.vertices for mesh in self._meshes])
        faces = np.concatenate([mesh.faces + offset for mesh, offset in zip(self._meshes, offsets, strict=True)])
        counts = [len(mesh.faces) for mesh in self._meshes]
        flipped = np.repeat([bool(mesh.flipped) for mesh in self._meshes], counts)
        return Mesh(vertices, faces, flipped), np.repeat([part_ids[part] for part in self._parts], counts)


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Returns the matrix that rotates column vectors counter-clockwise about ``x``, ``y`` or ``z``.

    Shapes:
        - **output:** ``[3, 3]``
    """
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = cos, -sin, sin, cos
    return matrix
