"""Clouds and meshes through Open3D's readers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import DataError, one_line
from conclu_pyg.open3d_library import import_open3d, native_errors, quiet

HEADER_BYTES = 1 << 16
# How many points and faces the header of a file claims, by suffix: Open3D makes room for them before it reads any. It
# takes the words of a PLY header wherever its lines end, and a PCD keyword by its beginning.
CLAIMS = {
    ".ply": re.compile(rb"\belement\s+(?:vertex|face)\s+\+?(\d{1,19})"),
    ".pcd": re.compile(rb"^\s*(?:POINTS|WIDTH|HEIGHT)\S*\s+\+?(\d{1,19})", re.MULTILINE),
}
FACES = re.compile(rb"\belement\s+face\s+\+?0*[1-9]")
# What ends the header, after which nothing is claimed.
ENDS = {".ply": ("end_header", re.compile(rb"[\r\n]\s*end_header\s")), ".pcd": ("DATA", re.compile(rb"(?m)^\s*DATA\s"))}
REMEDY = "restore the file or leave it out"


def read_with_open3d(path: Path, max_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads the points of a file, and its triangles where it is a mesh.

    Args:
        path: a file with a suffix that Open3D knows.
        max_points: how many points, and how many faces, the file may have.

    Shapes:
        - **output:** float64 ``[m, 3]``, and int64 ``[t, 3]``, with ``t = 0`` for a cloud

    Raises:
        ConcluError: Open3D is missing.
        DataError: the header has no end or claims too much, or Open3D finds no points in the file.
    """
    suffix = path.suffix.lower()
    header = _check_claims(path, max_points)
    open3d = import_open3d(f"reading {path}", "or convert it to .npy or .txt")
    is_cloud = suffix == ".pcd" or (suffix == ".ply" and not FACES.search(header))
    try:
        with quiet(open3d), native_errors() as errors:
            points, triangles = (_read_cloud if is_cloud else _read_mesh)(open3d, path)
    except (RuntimeError, MemoryError, UnicodeError) as error:
        raise DataError(f"Open3D cannot read {path} ({one_line(error)}); {REMEDY}.") from error
    # Of a PLY file that ends too early Open3D gives as many points as were promised, and only says so on the side.
    told = next((line for line in errors if line.startswith("RPly:")), "")
    if told:
        raise DataError(f"Open3D cannot read {path} ({told.strip().rstrip('.')}); {REMEDY}.")
    if len(points) == 0:
        raise DataError(f"{path} is damaged or has no points: Open3D found none in it; {REMEDY}.")
    outside = (triangles < 0) | (triangles >= len(points))
    if outside.any():
        raise DataError(
            f"{path} has a face with the vertex {triangles[outside][0]}, but its vertices are 0 to {len(points) - 1}; "
            f"{REMEDY}."
        )
    return points, triangles


def _check_claims(path: Path, max_points: int) -> bytes:
    """The beginning of the file, whose claims are no larger than what may be read."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {REMEDY}.") from error
    suffix = path.suffix.lower()
    if suffix in ENDS and not ENDS[suffix][1].search(header):
        raise DataError(
            f"{path} has no line {ENDS[suffix][0]!r} in its first {HEADER_BYTES:,} bytes, which ends the header of "
            f"{suffix} files; {REMEDY}."
        )
    pattern = CLAIMS.get(suffix)
    claimed = max(map(int, pattern.findall(header)), default=0) if pattern else 0
    if claimed > max_points:
        raise DataError(
            f"{path} claims {claimed:,} points or faces, more than the {max_points:,} that may be read; thin it first."
        )
    # Uncompressed, every point or face takes a byte at the least; compressed ones are bounded by the number alone.
    if b"binary_compressed" not in header and claimed > path.stat().st_size:
        raise DataError(
            f"{path} claims {claimed:,} points or faces, more than {path.stat().st_size:,} bytes can hold; {REMEDY}."
        )
    return header


def _read_cloud(open3d: Any, path: Path) -> tuple[np.ndarray, np.ndarray]:
    return np.array(open3d.io.read_point_cloud(str(path)).points).reshape(-1, 3), np.empty((0, 3), np.int64)


def _read_mesh(open3d: Any, path: Path) -> tuple[np.ndarray, np.ndarray]:
    mesh = open3d.io.read_triangle_mesh(str(path))
    return np.array(mesh.vertices).reshape(-1, 3), np.array(mesh.triangles, dtype=np.int64).reshape(-1, 3)
