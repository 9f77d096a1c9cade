"""Copies of a mesh that are altered in a known way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from conclu_pyg.datasets.shapes.catalog import CATEGORIES
from conclu_pyg.datasets.shapes.mesh import Mesh
from conclu_pyg.datasets.shapes.primitives import bar, box
from conclu_pyg.datasets.shapes.random_choices import RandomChoices
from conclu_pyg.io.surface import sample_surface
from conclu_pyg.registration.shape import Shape
from conclu_pyg.registration.similarity import random_rotation
from duplicates.decimation import decimate

Alteration = Callable[..., np.ndarray]
MIN_SHARE = 0.04  # of the surface: a smaller part is not altered


class Model(NamedTuple):
    """A built-in shape: the meshes of its parts.

    Attributes:
        name: category and number.
        meshes: the mesh of each part of the shape.
    """

    name: str
    meshes: list[Mesh]

    @property
    def vertices(self) -> np.ndarray:
        """All corners, ``[V, 3]``."""
        return np.concatenate([mesh.vertices for mesh in self.meshes])

    @property
    def faces(self) -> np.ndarray:
        """All triangles, ``[F, 3]``."""
        offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in self.meshes[:-1])])
        return np.concatenate([mesh.faces + offset for mesh, offset in zip(self.meshes, offsets, strict=True)])

    @property
    def diagonal(self) -> float:
        """The diagonal of the bounding box."""
        return float(np.linalg.norm(np.ptp(self.vertices, axis=0)))


def make_model(index: int, seed: int) -> Model:
    """Returns a built-in shape with a bracket at one side, which makes it differ from its mirror image.

    Args:
        index: the number of the shape; its category is the remainder by the number of categories.
        seed: the seed of the shape.
    """
    rng = np.random.default_rng((seed, index))
    category = CATEGORIES[index % len(CATEGORIES)]
    meshes = category.make(RandomChoices(rng)).meshes
    vertices = np.concatenate([mesh.vertices for mesh in meshes])
    low, size = vertices.min(axis=0), np.ptp(vertices, axis=0)
    corner = low + size * (0.95, 0.75, 0.7)
    long, thick = 0.2 * float(np.linalg.norm(size)), 0.03 * float(np.linalg.norm(size))
    tips = np.array([[0.5, 0.3, 0.8], [-0.2, 1.0, 0.3]]) * long
    bracket = [bar(tuple(corner), tuple(corner + tip), thick, sides=4) for tip in tips]
    return Model(f"{category.name} {index}", [*meshes, *bracket])


def sample(model: Model, points: int, rng: np.random.Generator) -> np.ndarray:
    """Returns points of the surface, ``[points, 3]``."""
    return sample_surface(model.vertices, model.faces, points, rng)[0]


def _moved(model: Model, points: int, rng: np.random.Generator) -> np.ndarray:
    return sample(model, points, rng) + rng.normal(size=3) * model.diagonal


def _rotated(model: Model, points: int, rng: np.random.Generator) -> np.ndarray:
    return _moved(model, points, rng) @ random_rotation(rng).T


def _rescaled(model: Model, points: int, rng: np.random.Generator) -> np.ndarray:
    factor = float(np.exp(rng.uniform(0.1, 3.0) * rng.choice([-1, 1])))
    return _rotated(model, points, rng) * factor


def _mirrored(model: Model, points: int, rng: np.random.Generator) -> np.ndarray:
    return _rotated(model, points, rng) * (-1.0, 1.0, 1.0)


def _noisy(model: Model, points: int, rng: np.random.Generator, sigma: float) -> np.ndarray:
    exact = sample(model, points, rng)
    return exact + sigma * model.diagonal * rng.normal(size=exact.shape)


def _decimated(model: Model, points: int, rng: np.random.Generator, share: float) -> np.ndarray:
    return decimate(model.vertices, model.faces, share, points, rng, divide=2)


def _alter_part(model: Model, rng: np.random.Generator, alter: Callable[[Mesh], Mesh]) -> Model:
    """The model with one mesh altered, which has at least 4 % of the surface."""
    areas = np.array([_area(mesh) for mesh in model.meshes])
    chosen = int(rng.choice(np.flatnonzero(areas >= MIN_SHARE * areas.sum())))
    meshes = [alter(mesh) if i == chosen else mesh for i, mesh in enumerate(model.meshes)]
    return Model(model.name, meshes)


def _area(mesh: Mesh) -> float:
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def _part_moved(model: Model, points: int, rng: np.random.Generator) -> np.ndarray:
    """With one part moved by a tenth of its own diagonal in a random direction."""
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)

    def move(mesh: Mesh) -> Mesh:
        return mesh.at(*(0.1 * np.linalg.norm(np.ptp(mesh.vertices, axis=0)) * direction))

    return sample(_alter_part(model, rng, move), points, rng)


def _part_scaled(model: Model, points: int, rng: np.random.Generator) -> np.ndarray:
    """With one part scaled by 0.9 or 1.1 about its middle."""
    factor = float(rng.choice([0.9, 1.1]))

    def scale(mesh: Mesh) -> Mesh:
        center = mesh.vertices.mean(axis=0)
        return mesh._replace(vertices=center + factor * (mesh.vertices - center))

    return sample(_alter_part(model, rng, scale), points, rng)


def _part_missing(model: Model, points: int, rng: np.random.Generator) -> np.ndarray:
    """Without one arm of the bracket."""
    return sample(model._replace(meshes=model.meshes[:-1]), points, rng)


def _plate_added(model: Model, points: int, rng: np.random.Generator) -> np.ndarray:
    """With a plate of 3 % to 8 % of the diagonal near the top, which closes a part of an opening if there is one."""
    size = model.diagonal * rng.uniform(0.03, 0.08)
    at = model.vertices.min(axis=0) + np.ptp(model.vertices, axis=0) * (0.5, 0.5, 0.9)
    return sample(Model(model.name, [*model.meshes, box(size, size, 0.0).at(*at)]), points, rng)


COPIES: dict[str, Alteration] = {
    "resampled": sample,
    "moved": _moved,
    "rotated": _rotated,
    "rescaled": _rescaled,
    "mirrored": _mirrored,
    "noise 0.2 %": partial(_noisy, sigma=0.002),
    "noise 0.5 %": partial(_noisy, sigma=0.005),
    "decimated to 50 %": partial(_decimated, share=0.5),
    "decimated to 20 %": partial(_decimated, share=0.2),
    "part moved by 10 %": _part_moved,
    "part scaled by 10 %": _part_scaled,
    "bracket's arm missing": _part_missing,
    "plate added": _plate_added,
}
NEAR_MISSES = tuple(COPIES)[-4:]
# Decimation to a fifth of the triangles changes the surface visibly, so no kind is expected of it.
EXPECTED: dict[str, str | None] = {
    **{kind: kind for kind in ("resampled", "moved", "rotated", "rescaled", "mirrored")},
    "noise 0.2 %": "resampled",
    "noise 0.5 %": "resampled",
    "decimated to 50 %": None,
    "decimated to 20 %": None,
}


def alter(model: Model, name: str, points: int, rng: np.random.Generator) -> Shape:
    """Returns an altered copy of a model, one of :data:`COPIES`, as points of its surface."""
    return Shape(COPIES[name](model, points, rng), f"{model.name}, {name}")
