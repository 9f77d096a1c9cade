"""The clouds of one file, each brought to the size of the data set. Runs in worker processes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conclu_pyg.data.clean import FAR_AWAY, MIN_EXTENT, NOT_FINITE, clean_points
from conclu_pyg.data.resize import resize_rows, shape_rng
from conclu_pyg.datasets.folders.spool import Spool
from conclu_pyg.errors import DataError
from conclu_pyg.io.blocks import MESH_POINTS, Blocks
from conclu_pyg.io.clouds import Cloud, read_clouds
from conclu_pyg.io.file_cloud import NO_FACES
from conclu_pyg.io.surface import BROKEN_FACES
from conclu_pyg.text import pluralize

HINT = "restore the file or leave it out"
REPORTED = (BROKEN_FACES, NO_FACES)  # notes of readers that are repairs


@dataclass(frozen=True)
class ReadOptions:
    """The options of :class:`~conclu_pyg.datasets.cloud_folder.CloudFolder` for single files.

    Args:
        base: the folder that names are relative to.
        spool: the folder of temporary files.
        num_points: the largest number of points in a cloud, and the number that is sampled from a mesh.
        min_points: the smallest number of points in a cloud.
        seed: of sampling and choice.
        blocks: the division of clouds into blocks (default: clouds are not cut).
    """

    base: Path
    spool: Path
    num_points: int
    min_points: int
    seed: int
    blocks: Blocks | None = None


class Part(NamedTuple):
    """A cloud, or a block of one.

    Attributes:
        name: the file relative to the base, and the place of the cloud in it: ``a/tile.laz/block_0_1``.
        points: float32 ``[k, 3]``, ``k <= num_points``.
        repairs: that were made when the file was read.
    """

    name: str
    points: np.ndarray
    repairs: list[str]


@dataclass
class FileContent:
    """The clouds of a file.

    Attributes:
        points: of each cloud.
        names, repairs: of each cloud.
        problems: the errors of the file or of single clouds in it.
        blocks: the number of blocks that were kept.
        small_blocks: the number of blocks that were left out because they have too few points.
        coinciding_blocks: the number of blocks that were left out because all of their points coincide.
    """

    points: Spool
    names: list[str] = field(default_factory=list)
    repairs: list[list[str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    blocks: int = 0
    small_blocks: int = 0
    coinciding_blocks: int = 0

    def parts(self) -> Iterator[Part]:
        """Yields the clouds, once."""
        for part in zip(self.names, self.points.read(), self.repairs, strict=True):
            yield Part(*part)


def read_file(path: Path, options: ReadOptions) -> FileContent:
    """Reads the clouds of a file.

    Of a cloud with more than ``num_points``, a random choice is taken, which depends on the seed and its name only.
    From a mesh, points are sampled by area. A DataError of the file or of a cloud is among the ``problems``, and clouds
    that were read before it are kept.

    Args:
        path: below the base.
        options: see :class:`ReadOptions`.

    Raises:
        ConcluError: the suffix needs a library that is not installed.
    """
    name = os.path.relpath(path, options.base).replace(os.sep, "/")
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    content = FileContent(Spool(options.spool / digest))
    seed = int(shape_rng(options.seed, name).integers(1 << 32))
    mesh_points = options.num_points if options.blocks is None else max(options.num_points, MESH_POINTS)
    taken: set[str] = set()
    try:
        for cloud in read_clouds(path, mesh_points, seed, unusable=lambda error: content.problems.append(str(error))):
            own = cloud.name.removeprefix(path.stem).removeprefix("_")
            full = _unique(f"{name}/{own}" if own else name, taken)
            try:
                _add(content, cloud, full, path, options)
            except DataError as error:
                content.problems.append(str(error))
    except DataError as error:
        content.problems.append(str(error))
    return content


def _add(content: FileContent, cloud: Cloud, name: str, path: Path, options: ReadOptions) -> None:
    """Adds a cloud or its blocks, each brought to the size of the data set."""
    source = _source(path, name, options)
    repairs = [NOT_FINITE] * (cloud.left_out > 0) + [FAR_AWAY] * (cloud.offset is not None)
    repairs += [note for note in cloud.notes if note in REPORTED]
    if options.blocks is None:
        if len(cloud.points) < options.min_points and not cloud.sampled:
            raise DataError(
                f"{source} has {pluralize(len(cloud.points), 'point')}, fewer than dataset.min_points="
                f"{options.min_points}; {HINT}.",
                file=source,
                got=len(cloud.points),
            )
        chosen = _choose(cloud.points, name, options)
        if not _differ(chosen):
            clean_points(chosen, source, HINT)  # refuses them
        _put(content, name, chosen, repairs)
        return
    kept = coinciding = 0
    for block in options.blocks.cut(cloud.points, source):
        if len(block.rows) < options.min_points:
            content.small_blocks += 1
            continue
        full = f"{name}/{block.name}"
        chosen = _choose(cloud.points[block.rows], full, options)
        if not _differ(chosen):
            coinciding += 1
            continue
        _put(content, full, chosen, repairs)
        kept += 1
    content.blocks += kept
    content.coinciding_blocks += coinciding
    if coinciding and not kept:
        raise DataError(
            f"{source}: its points coincide in each of its blocks of at least {options.min_points} points; {HINT}.",
            file=source,
        )
    if not kept:
        raise options.blocks.all_too_small(source)


def _put(content: FileContent, name: str, points: np.ndarray, repairs: list[str]) -> None:
    content.points.append(points)
    content.names.append(name)
    content.repairs.append(repairs)


def _choose(points: np.ndarray, name: str, options: ReadOptions) -> np.ndarray:
    rows, _ = resize_rows(len(points), min(options.num_points, len(points)), shape_rng(options.seed, name))
    return points[rows]


def _differ(points: np.ndarray) -> bool:
    """Returns whether the points do not all coincide."""
    return float(np.ptp(points, axis=0).max()) > MIN_EXTENT


def _source(path: Path, name: str, options: ReadOptions) -> str:
    """Returns the name of a cloud in messages: the file, and the cloud in it if there are several."""
    own = name[len(os.path.relpath(path, options.base)) + 1 :]
    return f"{path}, cloud {own}" if own else str(path)


def _unique(name: str, taken: set[str]) -> str:
    """Returns a name that no earlier cloud of the file has."""
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    taken.add(unique)
    return unique
