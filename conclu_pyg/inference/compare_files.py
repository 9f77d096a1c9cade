"""The shape of each cloud of a file, and evidence for pairs of clouds. Runs in worker processes, which start faster
without PyTorch."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.blocks import Blocks
from conclu_pyg.io.sampling import SampledCloud, SampledFile, sample_file
from conclu_pyg.registration import Evidence, Shape, compare
from conclu_pyg.registration.evidence import identical
from conclu_pyg.text import printable

POINTS = 8192  # of a shape, for which the thresholds of the evidence hold
POINTS_KEPT, FILES_KEPT = 24 * POINTS, 2  # by a process that compares, up to 200 MB; a file may hold many clouds


class Measured(NamedTuple):
    """A cloud as its file has it now.

    Attributes:
        content: a hash of the file and of the cloud's name in it.
        invariants: float64 ``[28]``; ``None`` for a cloud of too few points for a comparison.
    """

    content: str
    invariants: np.ndarray | None


def measure_file(path: Path, blocks: Blocks | None) -> dict[str, Measured]:
    """Returns the clouds of a file by their names in it."""
    file = sample_file(path, POINTS, blocks=blocks)
    return {cloud.name: Measured(f"{file.sha256}:{cloud.name}", _invariants(cloud)) for cloud in file.clouds}


def _invariants(cloud: SampledCloud) -> np.ndarray | None:
    try:
        found = Shape(cloud.points).invariants
    except DataError:  # too few different points
        return None
    return np.concatenate([np.sqrt(found.moments.clip(0)), found.radii])


class Place(NamedTuple):
    """A cloud in a file: its name there and in the index, and the hash that it was measured with."""

    path: Path
    cloud: str
    content: str
    name: str
    blocks: Blocks | None


class Task(NamedTuple):
    """A cloud and those that it is compared with."""

    first: Place
    others: tuple[Place, ...]

    def __str__(self) -> str:
        return str(self.first.path)


def compare_all(task: Task, alike: float) -> list[Evidence | None]:
    """Returns the evidence for each pair; ``None`` where a file has changed since it was measured."""
    return [_compare(task.first, other, alike) for other in task.others]


def _compare(a: Place, b: Place, alike: float) -> Evidence | None:
    if a.content == b.content:
        return identical(printable(a.name), printable(b.name))
    first, second = _read_shape(a), _read_shape(b)
    return None if first is None or second is None else compare(first, second, alike=alike)


_shapes: dict[Place, Shape] = {}  # those used last are at the end


def _read_shape(place: Place) -> Shape | None:
    """Returns a cloud in the coordinates of its file, kept with its trees; ``None`` if the file has changed."""
    shape = _shapes.pop(place, None) or _read(place)
    if shape is not None:
        _shapes[place] = shape
        while sum(len(each.points) for each in _shapes.values()) > POINTS_KEPT and len(_shapes) > 2:
            del _shapes[next(iter(_shapes))]
    return shape


def _read(place: Place) -> Shape | None:
    file = _read_file(place.path, place.content.partition(":")[0], place.blocks)
    for cloud in file.clouds:
        if f"{file.sha256}:{cloud.name}" == place.content:
            points = cloud.points.astype(np.float64)
            points = points if cloud.offset is None else points + cloud.offset
            return Shape(points, printable(place.name), place.content, is_complete=0 < cloud.size <= POINTS)
    return None


@lru_cache(FILES_KEPT)
def _read_file(path: Path, sha256: str, blocks: Blocks | None) -> SampledFile:
    return sample_file(path, POINTS, blocks=blocks)


def clear_caches() -> None:
    """Releases the clouds that this process has read; others end."""
    _shapes.clear()
    _read_file.cache_clear()
