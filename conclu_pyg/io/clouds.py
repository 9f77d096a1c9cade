"""Clouds from arbitrary user files: one reader per suffix, with the same checks and repairs for all formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conclu_pyg.data.clean import FAR_AWAY, NOT_FINITE, check_not_transposed, clean_points
from conclu_pyg.errors import DataError
from conclu_pyg.io.h5 import read_h5
from conclu_pyg.io.npy import read_npy
from conclu_pyg.io.off import read_off
from conclu_pyg.io.open3d_files import read_with_open3d
from conclu_pyg.io.surface import clean_mesh, sample_surface
from conclu_pyg.io.text import read_text

MAX_POINTS = 50_000_000  # in a cloud: 1.2 GB in double precision
MAX_BYTES = 1 << 32
MESH_POINTS = 10_000
HINT = "restore the file or leave it out"
EXTRA_COLUMNS = "columns after the third were ignored"
NO_FACES = "a mesh without faces: its vertices were used as the points"


@dataclass(frozen=True)
class Cloud:
    """A cloud from a file.

    Args:
        name: the file's name without its suffix, with a number if the file holds several clouds.
        points: the coordinates in the units and axes of the file, which no format states; moved to the origin if they
            were far away.
        rows: the points of the file that were kept, or ``None`` if all were kept.
        left_out: the number of points that were removed.
        offset: the vector that was subtracted from every point, or ``None`` if the cloud was not moved.
        part: the part of each point, if the file has it (``pid`` of an h5 file).
        notes: repairs, ignored columns and sampling, for the user's information.
        sampled: whether the points were sampled from the surface of a mesh, so the file has no such points.

    Shapes:
        - **points:** float32 ``[m, 3]``, **rows:** int64 ``[m]``, **offset:** float64 ``[3]``, **part:** int64 ``[m]``
    """

    name: str
    points: np.ndarray
    rows: np.ndarray | None = None
    left_out: int = 0
    offset: np.ndarray | None = None
    part: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    sampled: bool = False


class _RawCloud(NamedTuple):
    """The output of a reader: points of any number type, ``[m, 3]``, their parts ``[m]``, notes, and whether they were
    sampled from a mesh."""

    points: np.ndarray
    part: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    sampled: bool = False


def read_clouds(
    path: str | Path,
    mesh_points: int = MESH_POINTS,
    seed: int = 0,
    unusable: Callable[[DataError], None] | None = None,
) -> Iterator[Cloud]:
    """Yields the clouds of a file; the reader is chosen by the suffix, in upper or lower case.

    Points that are not finite are removed, and a cloud far from the origin is moved there, as in data sets
    (:mod:`conclu_pyg.data.clean`); ``notes`` reports it. From a mesh, points are sampled uniformly by area.

    Args:
        path: the file; ``SUFFIXES`` lists the formats.
        mesh_points: points to sample from a mesh (default: 10,000).
        seed: the seed of that sampling (default: 0).
        unusable: called with the error of a cloud that cannot be used, after which the other clouds of the file follow
            (default: the error is raised).

    Raises:
        DataError: the suffix is unknown, or the file is a folder, missing, empty, damaged or above 4 GiB; or a cloud
            has no usable point, or more than 50 million, and ``unusable`` is ``None``.
        ConcluError: the suffix needs Open3D, which is not installed.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(
            f"{path} is a folder; give its files, such as sorted(Path({str(path)!r}).rglob('*.npy')).", file=path
        )
    read = _reader(path)
    _check_file(path)
    clouds = read(path, mesh_points, seed)
    ahead = list(islice(clouds, 2))
    if not ahead:
        raise DataError(f"{path} holds no clouds; {HINT}.", file=path)
    several = len(ahead) > 1
    first = (ahead.pop(0) for _ in range(len(ahead)))  # keeps no reference to a cloud that was yielded
    for index, each in enumerate(chain(first, clouds)):
        try:
            cloud = _cloud(each, path, f"{path.stem}_{index:04d}" if several else path.stem)
        except DataError as error:
            if unusable is None:
                raise
            unusable(error)
        else:
            yield cloud


def _reader(path: Path) -> Callable[[Path, int, int], Iterator[_RawCloud]]:
    suffix = path.suffix.lower()
    if suffix in CONVERT:
        raise DataError(f"{path}: {suffix} files cannot be read; {CONVERT[suffix]}.", file=path, got=suffix)
    if suffix not in READERS:
        raise DataError(
            f"{path}: expected a file with one of the suffixes {', '.join(SUFFIXES)}, got "
            f"{suffix if suffix else 'no suffix'}; convert the file.",
            file=path,
            got=suffix,
        )
    return READERS[suffix]


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise DataError(f"there is no file {path}; check the path.", file=path)
    if path.stat().st_size == 0:
        raise DataError(f"{path} is an empty file; {HINT}.", file=path)
    check_size(path)


def check_size(path: Path) -> None:
    """Rejects a file that is too large.

    Raises:
        DataError: it has more than 4 GiB.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size > MAX_BYTES:
        raise DataError(
            f"{path} has {size:,} bytes, more than the maximum of {MAX_BYTES:,}; subsample it first.",
            file=path,
            got=size,
        )


def _cloud(raw: _RawCloud, path: Path, name: str) -> Cloud:
    """Checks and repairs a cloud."""
    source = str(path) if name == path.stem else f"{path}, cloud {name.removeprefix(path.stem + '_')}"
    if len(raw.points) > MAX_POINTS:
        raise DataError(
            f"{source} has {len(raw.points):,} points, more than the maximum of {MAX_POINTS:,}; subsample it first.",
            file=source,
        )
    cleaned = clean_points(raw.points, source, HINT)
    rows, offset, size = cleaned.rows, cleaned.offset, len(raw.points)
    kept = None if isinstance(rows, slice) else np.flatnonzero(rows) if rows.dtype == bool else rows
    left_out = size - len(cleaned.points)
    figures = {NOT_FINITE: f" ({left_out:,} of {size:,})"}
    if offset is not None:
        figures[FAR_AWAY] = f" (by subtracting {', '.join(f'{x:.9g}' for x in offset)})"
    notes = (repair + figures.get(repair, "") for repair in cleaned.repairs)
    part = None if raw.part is None else raw.part[rows]
    return Cloud(name, cleaned.points, kept, left_out, offset, part, (*raw.notes, *notes), raw.sampled)


def _from_npy(path: Path, mesh_points: int, seed: int) -> Iterator[_RawCloud]:
    array = read_npy(path, HINT)
    check_not_transposed(array.shape, str(path))
    if array.ndim == 3 and (array.shape[2] < 3 or array.dtype.kind not in "fiu"):  # one error for all of its clouds
        raise DataError(
            f"{path}: expected numbers of shape [clouds, points, 3], got {array.dtype} of shape {list(array.shape)}; "
            f"{HINT}.",
            file=path,
            got=(array.dtype, array.shape),
        )
    clouds = array if array.ndim == 3 else [array]
    for cloud in clouds:
        wide = cloud.ndim == 2 and cloud.shape[1] > 3
        yield _RawCloud(cloud[:, :3] if wide else cloud, notes=(EXTRA_COLUMNS,) if wide else ())


def _from_text(path: Path, mesh_points: int, seed: int) -> Iterator[_RawCloud]:
    points, notes = read_text(path, MAX_POINTS)
    yield _RawCloud(points, notes=tuple(notes))


def _from_h5(path: Path, mesh_points: int, seed: int) -> Iterator[_RawCloud]:
    for points, part in read_h5(path, MAX_POINTS):
        yield _RawCloud(points, part)


def _from_off(path: Path, mesh_points: int, seed: int) -> Iterator[_RawCloud]:
    yield _sampled(*read_off(path), path, mesh_points, seed)


def _from_open3d(path: Path, mesh_points: int, seed: int) -> Iterator[_RawCloud]:
    points, triangles = read_with_open3d(path, MAX_POINTS)
    is_mesh = path.suffix.lower() not in (".ply", ".pcd")
    yield (
        _sampled(points, triangles, path, mesh_points, seed)
        if len(triangles)
        else _RawCloud(points, notes=(NO_FACES,) if is_mesh else ())
    )


def _sampled(vertices: np.ndarray, triangles: np.ndarray, path: Path, mesh_points: int, seed: int) -> _RawCloud:
    triangles, repairs = clean_mesh(vertices, triangles, str(path))
    points, _ = sample_surface(vertices, triangles, mesh_points, np.random.default_rng(seed))
    notes = (f"{mesh_points:,} points were sampled from the surface of a mesh", *repairs)
    return _RawCloud(points, notes=notes, sampled=True)


READERS: dict[str, Callable[[Path, int, int], Iterator[_RawCloud]]] = {
    ".npy": _from_npy,
    ".off": _from_off,
    **dict.fromkeys((".txt", ".csv", ".xyz", ".pts", ".asc", ".xyzn", ".xyzrgb"), _from_text),
    **dict.fromkeys((".h5", ".hdf5"), _from_h5),
    **dict.fromkeys((".ply", ".pcd", ".obj", ".stl", ".gltf", ".glb"), _from_open3d),
}
SUFFIXES = tuple(sorted(READERS))
PDAL = "convert them to .ply first, for example with `pdal translate scan.las scan.ply`"
CONVERT = {
    ".las": PDAL,
    ".laz": PDAL,
    ".e57": "convert them to .ply first, for example with CloudCompare",
    ".npz": "save the one array that holds the points as .npy",
    ".mat": "save the one array that holds the points as .npy",
}
