"""Clouds of a file with a fixed number of points, as encoders take them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.blocks import MESH_POINTS, Blocks
from conclu_pyg.io.clouds import Cloud, read_clouds
from conclu_pyg.io.refusals import os_errors_refused
from conclu_pyg.io.subset import subset


class SampledCloud(NamedTuple):
    """Points of one cloud.

    Attributes:
        name: the cloud's name within its file; empty if it is the only one.
        points: the chosen points.
        size: the number of points that the file has; 0 for a mesh.
        offset: the vector that was subtracted from every point of the file, or ``None`` if the cloud was not moved.

    Shapes:
        - **points:** float32 ``[m, 3]``, **offset:** float64 ``[3]``
    """

    name: str
    points: np.ndarray
    size: int
    offset: np.ndarray | None = None


class SampledFile(NamedTuple):
    """The clouds of one file.

    Attributes:
        clouds: the clouds that can be used.
        errors: a sentence for each cloud that cannot.
        sha256: of the file's bytes.
        small_blocks: the number of blocks that were left out because they have too few points.
    """

    clouds: tuple[SampledCloud, ...]
    errors: tuple[str, ...]
    sha256: str
    small_blocks: int = 0


def sample_file(path: Path, num_points: int, seed: int = 0, blocks: Blocks | None = None) -> SampledFile:
    """Returns at most ``num_points`` points of each cloud of a file, or of each block of it, chosen at random.

    The choice depends on the seed and the number of points of the cloud only: copies of a file give the same points
    wherever they are. From a mesh, points are sampled uniformly by area.

    Args:
        path: the file.
        num_points: the largest number of points of a cloud; smaller clouds keep their points.
        seed: the seed of the choice (default: 0).
        blocks: the division of clouds into blocks (default: none).

    Raises:
        ConcluError: as :func:`~conclu_pyg.io.clouds.read_clouds`, for the file as a whole.
    """
    refused: list[DataError] = []
    clouds: list[SampledCloud] = []
    small_blocks = 0
    mesh_points = num_points if blocks is None else max(num_points, MESH_POINTS)
    for cloud in read_clouds(path, mesh_points=mesh_points, seed=seed, unusable=refused.append):
        whole = SampledCloud(
            name_in_file(cloud, path), cloud.points, 0 if cloud.sampled else len(cloud.points), cloud.offset
        )
        if blocks is None:
            clouds.append(whole._replace(points=subset(cloud.points, num_points, seed)))
            continue
        try:
            source = f"{path}, cloud {whole.name}" if whole.name else str(path)
            found, small = _cut(whole, blocks, source, num_points, seed)
        except DataError as error:
            refused.append(error)
            continue
        clouds += found
        small_blocks += small
    digest = hash_file(path)
    return SampledFile(tuple(clouds), tuple(map(str, refused)), digest, small_blocks)


def _cut(
    cloud: SampledCloud, blocks: Blocks, source: str, num_points: int, seed: int
) -> tuple[list[SampledCloud], int]:
    """Returns some points of each usable block of a cloud, and the number of the other blocks."""
    found, small = [], 0
    for block in blocks.cut(cloud.points, source):
        points = cloud.points[block.rows]
        if not blocks.is_usable(points):
            small += 1
            continue
        name = f"{cloud.name}/{block.name}" if cloud.name else block.name
        size = len(points) if cloud.size else 0
        found.append(SampledCloud(name, subset(points, num_points, seed), size, cloud.offset))
    if not found:
        raise blocks.all_too_small(source)
    return found, small


def name_in_file(cloud: Cloud, path: Path) -> str:
    """Returns the name of a cloud within its file; empty if it is the only one."""
    return "" if cloud.name == path.stem else cloud.name.removeprefix(f"{path.stem}_")


def hash_file(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes in hexadecimal digits.

    Raises:
        DataError: the file cannot be read.
    """
    with os_errors_refused(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
