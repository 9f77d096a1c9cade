"""Some points of each cloud of a file. Runs in worker processes, which start faster without PyTorch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from conclu_pyg.errors import ConcluError, DataError, one_line
from conclu_pyg.io.clouds import Cloud, read_clouds
from conclu_pyg.io.subset import subset


class ReadFile(NamedTuple):
    """The clouds of a file, each with its number of points in the file, and a sentence for each that cannot be used."""

    clouds: tuple[tuple[Cloud, int], ...]
    errors: tuple[str, ...]


def read_some_points(path: Path, num_points: int, seed: int = 0) -> ReadFile:
    """Returns at most ``num_points`` points of each cloud of a file, chosen at random with a seed (default: 0); from a
    mesh, of as many as :func:`~conclu_pyg.io.clouds.read_clouds` samples.

    Raises:
        ConcluError: as :func:`~conclu_pyg.io.clouds.read_clouds`, before the first cloud.
    """
    errors: list[DataError | str] = []
    clouds: list[tuple[Cloud, int]] = []
    try:
        for cloud in read_clouds(path, unusable=errors.append):
            points = subset(cloud.points, num_points, seed)
            kept = replace(cloud, points=points, rows=None, x={}, labels=None)
            clouds.append((cloud if len(points) == len(cloud.points) else kept, len(cloud.points)))
    except (ConcluError, OSError) as error:
        message = str(error) if isinstance(error, ConcluError) else f"cannot read {path} ({one_line(error)})."
        if not clouds:
            raise error if isinstance(error, ConcluError) else DataError(message, file=path) from error
        errors.append(f"{message} No cloud after {clouds[-1][0].name} was predicted.")
    return ReadFile(tuple(clouds), tuple(map(str, errors)))
