"""Clouds from files that nobody made for this program: one reader per suffix, all with the same checks and mends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conclu_pyg.data.clean import FAR_AWAY, NOT_FINITE, mend_rows
from conclu_pyg.errors import DataError
from conclu_pyg.io.any_h5 import read_any_h5
from conclu_pyg.io.any_text import read_any_text
from conclu_pyg.io.npy import read_npy
from conclu_pyg.io.off import read_off
from conclu_pyg.io.open3d_files import read_with_open3d
from conclu_pyg.io.surface import mend_mesh, sample_surface
from conclu_pyg.io.transposed import check_not_transposed

MAX_POINTS = 50_000_000  # of a cloud: 1.2 GB in double precision
MAX_BYTES = 1 << 32
MESH_POINTS = 10_000
REMEDY = "restore the file or leave it out"
UNREAD = "columns after the third were not read"
NO_FACES = "a mesh without faces: its vertices were taken as the points"


@dataclass(frozen=True)
class Cloud:
    """A cloud as it was read.

    Args:
        name: the file's name without its suffix; with a number where the file holds several.
        points: the coordinates, in the units and axes of the file; no format says which those are. Far from the origin
            they were moved there (``notes`` says so).
        rows: which points of the file these are, where some were left out; ``None`` where it is all of them, in order.
        left_out: how many those are.
        offset: what was taken off every point where the cloud was moved to the origin; ``None`` where it was not.
        part: the part of each point, where the file says it (``pid`` of an h5 file).
        notes: what was mended, left unread or sampled, for the user to know.
        sampled: whether the points were drawn from the surface of a mesh, so that the file has no such points.

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


class Found(NamedTuple):
    """What a reader found: points of any number type, ``[m, 3]``; their parts ``[m]``; what to tell of it;
    whether they were sampled from a mesh."""

    points: np.ndarray
    part: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    sampled: bool = False


def read_clouds(
    path: Path,
    mesh_points: int = MESH_POINTS,
    seed: int = 0,
    unusable: Callable[[DataError], None] | None = None,
) -> Iterator[Cloud]:
    """Reads the clouds of a file, one by one; the reader is that of the suffix, upper or lower case.

    Points that are not finite are left out, and a cloud far from the origin is moved there, as in data sets
    (:mod:`conclu_pyg.data.clean`); ``notes`` says so. Of a mesh, points are sampled from the surface by area.

    Args:
        path: the file; ``SUFFIXES`` lists what can be read.
        mesh_points: how many points to sample from a mesh (default: 10,000).
        seed: rules that sampling (default: 0).
        unusable: is told why a cloud cannot be used, after which the others of the file follow; ``None`` raises it
            (default).

    Raises:
        DataError: the suffix is unknown, or the file missing, empty, damaged or above 4 GiB; or a cloud has no point
            that can be used, or more than 50 million, and ``unusable`` is ``None``.
        ConcluError: Open3D, which the suffix needs, is missing.
    """
    read = _reader(path)
    _check_file(path)
    found = read(path, mesh_points, seed)
    ahead = list(islice(found, 2))
    if not ahead:
        raise DataError(f"{path} holds no clouds; restore the file or leave it out.")
    several = len(ahead) > 1
    first = (ahead.pop(0) for _ in range(len(ahead)))  # so that none is kept
    for index, each in enumerate(chain(first, found)):
        try:
            cloud = _cloud(each, path, f"{path.stem}_{index:04d}" if several else path.stem)
        except DataError as error:
            if unusable is None:
                raise
            unusable(error)
        else:
            yield cloud


def read_cloud(path: Path, mesh_points: int = MESH_POINTS, seed: int = 0) -> np.ndarray:
    """The points of a file's only cloud; arguments and errors are those of :func:`read_clouds`.

    Shapes:
        - **output:** float32 ``[m, 3]``

    Raises:
        DataError: also a file of several clouds.
    """
    clouds = read_clouds(path, mesh_points, seed)
    cloud = next(clouds)
    if next(clouds, None) is not None:
        raise DataError(f"{path} holds several clouds, where one is expected; read them with read_clouds.")
    return cloud.points


def _reader(path: Path) -> Callable[[Path, int, int], Iterator[Found]]:
    suffix = path.suffix.lower()
    if suffix in CONVERT:
        raise DataError(f"{path}: {suffix} files are not read; {CONVERT[suffix]}.")
    if suffix not in READERS:
        raise DataError(
            f"{path} has {f'the suffix {suffix}' if suffix else 'no suffix'}, which no reader is known for; convert it "
            f"to one of {', '.join(SUFFIXES)}."
        )
    return READERS[suffix]


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise DataError(f"there is no file {path}; name one that exists.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is an empty file; restore it or leave it out.")
    check_size(path)


def check_size(path: Path) -> None:
    """Refuses a file that is too large for a user's, of clouds or of what belongs to their points.

    Raises:
        DataError: it has more than 4 GiB.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size > MAX_BYTES:
        raise DataError(f"{path} has {size:,} bytes, more than the {MAX_BYTES:,} that may be read; thin it first.")


def _cloud(found: Found, path: Path, name: str) -> Cloud:
    """The cloud that is found, checked and mended."""
    source = str(path) if name == path.stem else f"{path}, cloud {name.removeprefix(path.stem + '_')},"
    if len(found.points) > MAX_POINTS:
        raise DataError(
            f"{source} has {len(found.points):,} points, more than the {MAX_POINTS:,} that a cloud may have; thin it "
            f"first."
        )
    mended = mend_rows(found.points, source, REMEDY)
    rows, offset, size = mended.rows, mended.offset, len(found.points)
    kept = None if isinstance(rows, slice) else np.flatnonzero(rows) if rows.dtype == bool else rows
    left_out = size - len(mended.points)
    figures = {NOT_FINITE: f" ({left_out:,} of {size:,})"}
    if offset is not None:
        figures[FAR_AWAY] = f" ({', '.join(f'{x:.9g}' for x in offset)} was taken off each point)"
    notes = (repair + figures.get(repair, "") for repair in mended.repairs)
    part = None if found.part is None else found.part[rows]
    return Cloud(name, mended.points, kept, left_out, offset, part, (*found.notes, *notes), found.sampled)


def _from_npy(path: Path, mesh_points: int, seed: int) -> Iterator[Found]:
    array = read_npy(path, REMEDY)
    check_not_transposed(array.shape, str(path))
    if array.ndim == 3 and (array.shape[2] < 3 or array.dtype.kind not in "fiu"):  # one reason for all of its clouds
        raise DataError(
            f"{path} has an array of {array.dtype} of shape {list(array.shape)}, where numbers of shape "
            f"[clouds, points, 3] are expected; {REMEDY}."
        )
    clouds = array if array.ndim == 3 else [array]
    for cloud in clouds:
        wide = cloud.ndim == 2 and cloud.shape[1] > 3
        yield Found(cloud[:, :3] if wide else cloud, notes=(UNREAD,) if wide else ())


def _from_text(path: Path, mesh_points: int, seed: int) -> Iterator[Found]:
    points, notes = read_any_text(path, MAX_POINTS)
    yield Found(points, notes=tuple(notes))


def _from_h5(path: Path, mesh_points: int, seed: int) -> Iterator[Found]:
    for points, part in read_any_h5(path, MAX_POINTS):
        yield Found(points, part)


def _from_off(path: Path, mesh_points: int, seed: int) -> Iterator[Found]:
    yield _sampled(*read_off(path), path, mesh_points, seed)


def _from_open3d(path: Path, mesh_points: int, seed: int) -> Iterator[Found]:
    points, triangles = read_with_open3d(path, MAX_POINTS)
    is_mesh = path.suffix.lower() not in (".ply", ".pcd")
    yield (
        _sampled(points, triangles, path, mesh_points, seed)
        if len(triangles)
        else Found(points, notes=(NO_FACES,) if is_mesh else ())
    )


def _sampled(vertices: np.ndarray, triangles: np.ndarray, path: Path, mesh_points: int, seed: int) -> Found:
    triangles, repairs = mend_mesh(vertices, triangles, str(path))
    points, _ = sample_surface(vertices, triangles, mesh_points, np.random.default_rng(seed))
    notes = (f"{mesh_points:,} points were sampled from the surface of a mesh", *repairs)
    return Found(points, notes=notes, sampled=True)


READERS: dict[str, Callable[[Path, int, int], Iterator[Found]]] = {
    ".npy": _from_npy,
    ".off": _from_off,
    **dict.fromkeys((".txt", ".csv", ".xyz", ".pts", ".asc", ".xyzn", ".xyzrgb"), _from_text),
    **dict.fromkeys((".h5", ".hdf5"), _from_h5),
    **dict.fromkeys((".ply", ".pcd", ".obj", ".stl", ".gltf", ".glb"), _from_open3d),
}
SUFFIXES = tuple(sorted(READERS))
PDAL = "convert them to .ply first, as by `pdal translate scan.las scan.ply`"
CONVERT = {
    ".las": PDAL,
    ".laz": PDAL,
    ".e57": "convert them to .ply first, as CloudCompare does",
    ".npz": "save the one array that holds the points as .npy",
    ".mat": "save the one array that holds the points as .npy",
}
