"""Clouds and meshes through Open3D's readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import DataError, one_line
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud
from conclu_pyg.open3d_library import import_open3d, native_errors, quiet

HEADER_BYTES = 1 << 16
# The numbers of points and faces in the header of a file, by suffix: Open3D allocates them before it reads any. It
# accepts the words of a PLY header at any line ending, and recognises a PCD keyword by its beginning.
CLAIMS = {
    ".ply": re.compile(rb"\belement\s+(?:vertex|face)\s+\+?(\d{1,19})"),
    ".pcd": re.compile(rb"^\s*(?:POINTS|WIDTH|HEIGHT)\S*\s+\+?(\d{1,19})", re.MULTILINE),
}
FACES = re.compile(rb"\belement\s+face\s+\+?0*[1-9]")
# The end of the header.
ENDS = {".ply": ("end_header", re.compile(rb"[\r\n]\s*end_header\s")), ".pcd": ("DATA", re.compile(rb"(?m)^\s*DATA\s"))}
HINT = "restore the file or leave it out"


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the cloud or mesh of a file (see :func:`read_with_open3d`)."""
    points, triangles = read_with_open3d(path, max_points)
    is_mesh = path.suffix.lower() not in (".ply", ".pcd")
    yield FileCloud(points, triangles) if len(triangles) else FileCloud(points, notes=(NO_FACES,) if is_mesh else ())


def read_with_open3d(path: Path, max_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads the points of a file, and its triangles if it is a mesh.

    Args:
        path: a file with a suffix that Open3D supports.
        max_points: the largest number of points and the largest number of faces.

    Shapes:
        - **output:** float64 ``[m, 3]``, and int64 ``[t, 3]``, with ``t = 0`` for a cloud

    Raises:
        ConcluError: Open3D is not installed.
        DataError: the header has no end or claims more than the file can hold, or Open3D finds no points in the file.
    """
    suffix = path.suffix.lower()
    header = _check_claims(path, max_points)
    open3d = import_open3d(f"reading {path}", "or convert it to .npy or .txt")
    is_cloud = suffix == ".pcd" or (suffix == ".ply" and not FACES.search(header))
    try:
        with quiet(open3d), native_errors() as errors:
            points, triangles = (_read_cloud if is_cloud else _read_mesh)(open3d, path)
    except (RuntimeError, MemoryError, UnicodeError) as error:
        raise DataError(f"Open3D cannot read {path} ({one_line(error)}); {HINT}.", file=path) from error
    # For a PLY file that ends too early Open3D returns as many points as the header claims and only logs an error.
    logged = next((line for line in errors if line.startswith("RPly:")), "")
    if logged:
        raise DataError(f"Open3D cannot read {path} ({logged.strip().rstrip('.')}); {HINT}.", file=path)
    if len(points) == 0:
        raise DataError(f"{path} is damaged or has no points: Open3D found none in it; {HINT}.", file=path)
    outside = (triangles < 0) | (triangles >= len(points))
    if outside.any():
        raise DataError(
            f"{path}: the vertices of its faces must be 0 to {len(points) - 1}, got {triangles[outside][0]}; {HINT}.",
            file=path,
            got=int(triangles[outside][0]),
        )
    return points, triangles


def _check_claims(path: Path, max_points: int) -> bytes:
    """Returns the beginning of the file, after a check of the numbers in its header."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {HINT}.", file=path) from error
    suffix = path.suffix.lower()
    if suffix in ENDS and not ENDS[suffix][1].search(header):
        raise DataError(
            f"{path}: expected a line {ENDS[suffix][0]!r}, the end of the header of {suffix} files, got none in the "
            f"first {HEADER_BYTES:,} bytes; {HINT}.",
            file=path,
            expected=ENDS[suffix][0],
        )
    pattern = CLAIMS.get(suffix)
    claimed = max(map(int, pattern.findall(header)), default=0) if pattern else 0
    if claimed > max_points:
        raise DataError(
            f"{path} claims {claimed:,} points or faces, more than the maximum of {max_points:,}; subsample it first.",
            file=path,
            got=claimed,
        )
    # Uncompressed, every point or face takes at least a byte; compressed ones are only bounded by the number above.
    if b"binary_compressed" not in header and claimed > path.stat().st_size:
        raise DataError(
            f"{path} claims {claimed:,} points or faces, more than {path.stat().st_size:,} bytes can hold; {HINT}.",
            file=path,
            got=claimed,
        )
    return header


def _read_cloud(open3d: Any, path: Path) -> tuple[np.ndarray, np.ndarray]:
    return np.array(open3d.io.read_point_cloud(str(path)).points).reshape(-1, 3), np.empty((0, 3), np.int64)


def _read_mesh(open3d: Any, path: Path) -> tuple[np.ndarray, np.ndarray]:
    mesh = open3d.io.read_triangle_mesh(str(path))
    return np.array(mesh.vertices).reshape(-1, 3), np.array(mesh.triangles, dtype=np.int64).reshape(-1, 3)
