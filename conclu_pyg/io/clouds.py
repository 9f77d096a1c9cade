"""Clouds from arbitrary user files: one reader per suffix, with the same checks and repairs for all formats."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.data.clean import FAR_AWAY, NOT_FINITE, TOO_LARGE, clean_points
from conclu_pyg.errors import ConcluError, DataError, ReaderError, one_line
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.formats import CONVERT, SUFFIXES, Reader, find_reader
from conclu_pyg.io.refusals import RESTORE, mismatch, refused, too_many, unreadable
from conclu_pyg.io.surface import clean_mesh, double_areas, sample_surface
from conclu_pyg.text import pluralize, printable

MAX_POINTS = 50_000_000  # in a cloud: 1.2 GB in double precision
MAX_BYTES = 1 << 32
MESH_POINTS = 10_000
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


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
        x: attributes of the points by name, if the file has them: ``colors``, ``normals``, ``intensity`` and others;
            none for points that were sampled from a mesh.
        labels: an integer for each point, such as its part or class, if the file has them.
        notes: repairs, ignored columns and sampling, for the user's information.
        sampled: whether the points were sampled from the surface of a mesh, so the file has no such points.
        cad: properties of a CAD model by name (see :mod:`conclu_pyg.io.step`).

    Shapes:
        - **points:** float32 ``[m, 3]``, **rows:** int64 ``[m]``, **offset:** float64 ``[3]``, **x:** ``[m]`` or
          ``[m, k]`` each, **labels:** int64 ``[m]``
    """

    name: str
    points: np.ndarray
    rows: np.ndarray | None = None
    left_out: int = 0
    offset: np.ndarray | None = None
    x: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    sampled: bool = False
    cad: Mapping[str, Any] = field(default_factory=dict)


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
        DataError: the suffix is unknown, or the file is missing, no regular file, empty, damaged or above 4 GiB; or a
            cloud has no usable point, or more than 50 million, and ``unusable`` is ``None``.
        ConcluError: the suffix needs a library that is not installed.
    """
    path = Path(path)
    if path.is_dir():
        raise refused(path, "it is a folder", f"give its files, such as sorted(Path({str(path)!r}).rglob('*.npy'))")
    read = _reader(path)
    if check_file(path) == 0:
        raise refused(path, "it is an empty file")
    clouds = _guard(read(path, MAX_POINTS), path)
    ahead = list(islice(clouds, 2))
    if not ahead:
        raise refused(path, "it holds no clouds")
    several = len(ahead) > 1
    first = (ahead.pop(0) for _ in range(len(ahead)))  # keeps no reference to a cloud that was yielded
    for index, each in enumerate(chain(first, clouds)):
        try:
            number = each.name or f"{index:04d}"
            cloud = _cloud(each, path, f"{path.stem}_{number}" if several else path.stem, mesh_points, seed)
        except DataError as error:
            if unusable is None:
                raise
            unusable(error)
        else:
            yield cloud


def _guard(clouds: Iterator[FileCloud], path: Path) -> Iterator[FileCloud]:
    """Yields what a reader yields, and refuses the file where the reader or its library fails in an unforeseen way, so
    that other files follow."""
    try:
        yield from clouds
    except ConcluError:
        raise
    except Exception as error:
        raise ReaderError(
            f"{path} cannot be read ({type(error).__name__}: {one_line(error):.200}); {RESTORE}, and please report it.",
            file=path,
        ) from error


def _reader(path: Path) -> Reader:
    suffix = path.suffix.lower()
    if suffix in CONVERT:
        raise refused(path, f"{suffix} files cannot be read", CONVERT[suffix], got=suffix)
    if suffix not in SUFFIXES:
        expected = f"a file with one of the suffixes {', '.join(SUFFIXES)}"
        raise mismatch(path, expected, suffix or "no suffix", "convert the file", got=suffix)
    return find_reader(suffix)


def check_file(path: Path) -> int:
    """Returns the size of a file in bytes.

    Raises:
        DataError: there is no such file, it is no regular file, such as a pipe or a device, which could be read without
            an end, or it has more than 4 GiB.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a null character in the path
        link = f"the link {path} leads to no file" if _is_link(path) else f"there is no file {path}"
        raise DataError(f"{link}; check the path.", file=path) from error
    except OSError as error:
        raise unreadable(path, error, "check the path") from error
    if not stat.S_ISREG(status.st_mode):
        got = next((kind for is_kind, kind in KINDS if is_kind(status.st_mode)), "something else")
        raise mismatch(path, "a regular file", got, "write its content to a file")
    size = status.st_size
    if size > MAX_BYTES:
        raise too_many(path, size, MAX_BYTES, "bytes")
    return size


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except ValueError:
        return False


def _cloud(raw: FileCloud, path: Path, name: str, mesh_points: int, seed: int) -> Cloud:
    """Checks and repairs a cloud."""
    source = str(path) if name == path.stem else f"{path}, cloud {name.removeprefix(path.stem + '_')}"
    if raw.points.ndim == 2 and len(raw.points) > MAX_POINTS:
        raise too_many(source, len(raw.points), MAX_POINTS)
    if raw.triangles is not None:
        raw = _sample(raw, source, mesh_points, seed)
    cleaned = clean_points(raw.points, source, RESTORE)
    rows, offset, size = cleaned.rows, cleaned.offset, len(raw.points)
    kept = None if isinstance(rows, slice) else np.flatnonzero(rows) if rows.dtype == bool else rows
    left_out = size - len(cleaned.points)
    figures = {}
    if left_out:
        finite = int(np.isfinite(np.delete(raw.points, rows, axis=0)).all(axis=1).sum())
        figures = {NOT_FINITE: f" ({left_out - finite:,} of {size:,})", TOO_LARGE: f" ({finite:,} of {size:,})"}
    if offset is not None:
        figures[FAR_AWAY] = f" (by subtracting {', '.join(f'{x:.9g}' for x in offset)})"
    repairs = (repair + figures.get(repair, "") for repair in cleaned.repairs)
    notes = tuple(map(printable, (*raw.notes, *repairs)))
    x = {key: values[rows] for key, values in raw.x.items()}
    labels = None if raw.labels is None else raw.labels[rows]
    sampled = raw.triangles is not None
    return Cloud(name, cleaned.points, kept, left_out, offset, x, labels, notes, sampled, raw.cad)


def _sample(mesh: FileCloud, source: str, mesh_points: int, seed: int) -> FileCloud:
    """Returns points of the surface of a mesh."""
    assert mesh.triangles is not None
    vertices = mesh.points.astype(np.float64)  # areas of integers and of half or single precision would overflow
    triangles, repairs = clean_mesh(vertices, mesh.triangles, source)
    areas = double_areas(vertices, triangles)
    points, _ = sample_surface(vertices, triangles, mesh_points, np.random.default_rng(seed), areas=areas)
    if flat := int((areas == 0).sum()):
        repairs.append(f"{pluralize(flat, 'triangle')} without area got no points")
    notes = (*mesh.notes, f"{mesh_points:,} points were sampled from the surface of a mesh", *repairs)
    return FileCloud(points, mesh.triangles, name=mesh.name, cad=mesh.cad, notes=notes)
