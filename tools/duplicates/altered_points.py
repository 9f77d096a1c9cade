"""Copies of any cloud that are altered in a known way, point by point.

The files of a folder may hold meshes or sampled clouds, without parts. So the two samples of a shape are disjoint
halves of its points, and a part is a cap: the tenth to fifth of the points that is farthest in some direction. Meshes
are also decimated.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.inference.inputs import find_inputs
from conclu_pyg.io.clouds import MAX_POINTS
from conclu_pyg.io.formats import find_reader
from conclu_pyg.io.sampling import sample_file
from conclu_pyg.io.surface import clean_mesh
from conclu_pyg.registration.similarity import random_rotation
from duplicates.decimation import decimate

logger = logging.getLogger(__name__)

Alteration = Callable[[np.ndarray, np.random.Generator], np.ndarray]
MIN_POINTS = 64  # of each half
DECIMATED_FROM = 200  # triangles
SHARES = (0.5, 0.2)  # of the triangles that a decimation keeps
DECIMATED = tuple(f"decimated to {share:.0%}".replace("%", " %") for share in SHARES)


class Halves(NamedTuple):
    """Two disjoint random samples of a cloud.

    Attributes:
        name: the cloud.
        first, second: the samples.
        mesh: the vertices and the triangles that the points are from; ``None`` if the file has points, several meshes,
            or fewer than 200 triangles.

    Shapes:
        - **first, second:** float64 ``[N, 3]``, **mesh:** ``[V, 3]``, ``[T, 3]``
    """

    name: str
    first: np.ndarray
    second: np.ndarray
    mesh: tuple[np.ndarray, np.ndarray] | None = None


def read_halves(folder: Path, number: int, points: int, seed: int) -> Iterator[Halves]:
    """Yields the halves of random clouds of a folder. A file that cannot be read is left out, with a warning.

    Args:
        folder: files of clouds and meshes, at any depth.
        number: the largest number of clouds.
        points: the largest number of points of a half; a cloud of fewer than twice as many is divided evenly.
        seed: the seed of the choice and of the division.
    """
    rng = np.random.default_rng((seed, 0))
    files = sorted(find_inputs(folder, max_files=None).files)
    for place in rng.permutation(len(files)):
        path = files[place]
        try:
            mesh = _mesh(path)
            clouds = [cloud for cloud in sample_file(path, 2 * points).clouds if len(cloud.points) >= 2 * MIN_POINTS]
        except DataError as error:
            logger.warning(f"left out: {error}")
            continue
        for chosen in rng.permutation(len(clouds)):  # of few files with many clouds, all are used in turn
            cloud = clouds[chosen]
            order = np.random.default_rng((seed, 1)).permutation(len(cloud.points))
            mixed = cloud.points[order].astype(np.float64)
            half = len(mixed) // 2
            yield Halves(f"{path.stem} {cloud.name}".strip(), mixed[:half], mixed[half : 2 * half], mesh)
            number -= 1
            if number == 0:
                return


def _mesh(path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns the mesh of a file that can be decimated."""
    found = list(find_reader(path.suffix.lower())(path, MAX_POINTS))
    if len(found) != 1 or found[0].triangles is None:
        return None
    vertices = found[0].points.astype(np.float64)
    triangles, _ = clean_mesh(vertices, found[0].triangles, str(path))
    return (vertices, triangles) if len(triangles) >= DECIMATED_FROM else None


def decimated(halves: Halves, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Returns points of the decimated meshes by the name of the copy; none if there is no mesh."""
    if halves.mesh is None:
        return {}
    return {
        name: decimate(*halves.mesh, share, len(halves.second), rng)
        for name, share in zip(DECIMATED, SHARES, strict=True)
    }


def _same(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return points


def _moved(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return points + rng.normal(size=3) * _diagonal(points)


def _rotated(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _moved(points, rng) @ random_rotation(rng).T


def _rescaled(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _rotated(points, rng) * float(np.exp(rng.uniform(0.1, 3.0) * rng.choice([-1, 1])))


def _mirrored(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _rotated(points, rng) * (-1.0, 1.0, 1.0)


def _thinned(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return points[: len(points) // 2]


def _noisy(points: np.ndarray, rng: np.random.Generator, sigma: float) -> np.ndarray:
    return points + sigma * _diagonal(points) * rng.normal(size=points.shape)


def _diagonal(points: np.ndarray) -> float:
    return float(np.linalg.norm(np.ptp(points, axis=0)))


def _cap(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask of the points that are farthest in a random direction, ``[N]``."""
    height = points @ _direction(rng)
    return height >= np.quantile(height, 1 - rng.uniform(0.1, 0.2))


def _direction(rng: np.random.Generator) -> np.ndarray:
    direction = rng.normal(size=3)
    return direction / np.linalg.norm(direction)


def _cap_moved(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    cap = _cap(points, rng)[:, None]
    return points + cap * (0.1 * _diagonal(points[cap[:, 0]]) * _direction(rng))


def _cap_scaled(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    cap = _cap(points, rng)
    center, altered = points[cap].mean(axis=0), points.copy()
    altered[cap] = center + float(rng.choice([0.9, 1.1])) * (points[cap] - center)
    return altered


def _cap_missing(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return points[~_cap(points, rng)]


def _stretched(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """By a tenth along a random direction."""
    direction = _direction(rng)
    return points + 0.1 * (points @ direction)[:, None] * direction


COPIES: dict[str, Alteration] = {
    "resampled": _same,
    "moved": _moved,
    "rotated": _rotated,
    "rescaled": _rescaled,
    "mirrored": _mirrored,
    "half the points": _thinned,
    "noise 0.2 %": partial(_noisy, sigma=0.002),
    "noise 0.5 %": partial(_noisy, sigma=0.005),
    "cap moved by 10 %": _cap_moved,
    "cap scaled by 10 %": _cap_scaled,
    "cap missing": _cap_missing,
    "stretched by 10 %": _stretched,
}
NEAR_MISSES = tuple(COPIES)[-4:]
# Many objects equal their mirror images, and a decimation may change the surface visibly: no kind is expected of these.
EXPECTED: dict[str, str | None] = {
    **{kind: kind for kind in ("resampled", "moved", "rotated", "rescaled")},
    **dict.fromkeys(("mirrored", *DECIMATED), None),
    **dict.fromkeys(("half the points", "noise 0.2 %", "noise 0.5 %"), "resampled"),
}
