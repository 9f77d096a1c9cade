"""Object File Format (OFF) meshes, with the tolerance that ModelNet's files need.

trimesh reads them too, but takes three times as long (33 ms against 10 ms for 20,000 faces), accepts a file that ends
before its last face, and fails on one without a header with "not enough values to unpack".
"""

from __future__ import annotations

import io
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.file_cloud import FileCloud

MAX_BYTES = 1 << 30  # far more than any mesh of ModelNet
HINT = "restore the file or leave it out"
HEADER = re.compile(r"(?:ST)?C?N?OFF(?![A-Za-z])\s*(.*)", re.DOTALL)


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the mesh of a file (see :func:`read_off`)."""
    yield FileCloud(*read_off(path))


def read_off(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads a mesh.

    Accepted in addition to the standard: counts on the line of the header (``OFF490 518 0``, as in many files of
    ModelNet40), counts without the word ``OFF`` before them, comments and blank lines anywhere, anything after the last
    face (MeshLab writes XML there), colours and normals after the coordinates. Polygons become fans of triangles; faces
    of fewer than three corners have no surface and are left out.

    A file without counts is rejected, because the end of its vertices would be a guess.

    Shapes:
        - **output:** vertices float64 ``[V, 3]``, triangles int64 ``[T, 3]``, whose indices lie below V

    Raises:
        DataError: the file is missing or not an OFF file, holds less than its counts say, or has a face with a vertex
            that does not exist.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path} has {size:,} bytes, more than the maximum of {MAX_BYTES:,}; {HINT}.", file=path)
        text = path.read_text(encoding="latin-1")  # decodes any byte; anything but numbers is rejected below
    except OSError as error:
        raise DataError(f"the mesh {path} cannot be read ({error.strerror}); {HINT}.", file=path) from error
    lines = io.StringIO(text)
    num_vertices, num_faces = _read_counts(lines, path)
    if num_vertices < 3 or num_faces < 1:
        raise DataError(
            f"{path} has {num_vertices:,} vertices and {num_faces:,} faces, so no surface; {HINT}.",
            file=path,
            got=(num_vertices, num_faces),
        )
    # The shortest lines are "0 0 0\n" and "1 0\n": counts beyond the size are refused before anything is allocated.
    if 6 * num_vertices + 4 * num_faces > size + 1:
        raise DataError(
            f"{path} promises {num_vertices:,} vertices and {num_faces:,} faces, more than {size:,} bytes can hold; "
            f"{HINT}.",
            file=path,
            got=(num_vertices, num_faces),
        )
    try:
        vertices = _read_table(lines, num_vertices, 3, np.float64)
        _check_count(len(vertices), num_vertices, "vertices", path)
        triangles = _read_faces(lines, num_faces, path)
    except (ValueError, OverflowError) as error:
        reason = re.sub(r";.*|\.$", "", str(error).splitlines()[0])
        raise DataError(
            f"{path}: expected {num_vertices:,} vertices and {num_faces:,} faces, got other content among them "
            f"({reason}); {HINT}.",
            file=path,
            got=reason,
        ) from error
    outside = (triangles < 0) | (triangles >= num_vertices)
    if outside.any():
        raise DataError(
            f"{path}: the vertices of its faces must be 0 to {num_vertices - 1}, got {triangles[outside][0]}; {HINT}.",
            file=path,
            got=int(triangles[outside][0]),
        )
    return vertices, triangles


def _read_counts(lines: io.StringIO, path: Path) -> tuple[int, int]:
    """Returns the numbers of vertices and faces from the first one or two lines that are not blank or comments."""
    first = _next_line(lines)
    header = HEADER.fullmatch(first.removeprefix("\xef\xbb\xbf"))  # the UTF-8 byte order mark, read as latin-1
    counts = (header[1] or _next_line(lines)) if header else first
    if re.fullmatch(r"\d{1,12}\s+\d{1,12}(\s+-?\d+)?", counts):
        return int(counts.split()[0]), int(counts.split()[1])
    found = f"{counts[:40]!r} after the header" if header else f"{first[:40]!r} as its first line"
    raise DataError(
        f"{path}: expected an OFF mesh, with the word OFF and a line with the numbers of vertices and faces, got "
        f"{found}; {HINT}.",
        file=path,
        got=found,
    )


def _next_line(lines: io.StringIO) -> str:
    for line in lines:
        line = line.partition("#")[0].strip()
        if line:
            return line
    return ""


def _read_faces(lines: io.StringIO, num_faces: int, path: Path) -> np.ndarray:
    start = lines.tell()
    try:
        faces = _read_table(lines, num_faces, 4, np.int64)
    except ValueError:
        faces = np.empty((0, 4), np.int64)  # a line of fewer than four numbers, or an error; see below
    if len(faces) == num_faces and (faces[:, 0] == 3).all():
        return faces[:, 1:]
    lines.seek(start)
    by_corners: dict[int, list[list[str]]] = defaultdict(list)
    found = 0
    rows = (row for line in lines if (row := line.partition("#")[0].split()))
    for row in islice(rows, num_faces):
        corners = int(row[0])
        if corners < 0 or len(row) <= corners:
            raise ValueError(f"a face line {' '.join(row)[:40]!r}")
        by_corners[corners].append(row[1 : corners + 1])
        found += 1
    _check_count(found, num_faces, "faces", path)
    fans = [np.empty((0, 3), np.int64)]
    for corners, polygons in by_corners.items():
        if corners >= 3:
            indices = np.array(polygons, dtype=np.int64)
            first = np.broadcast_to(indices[:, :1], (len(indices), corners - 2))
            fans.append(np.stack([first, indices[:, 1:-1], indices[:, 2:]], axis=-1).reshape(-1, 3))
    return np.concatenate(fans)


def _read_table(lines: io.StringIO, rows: int, columns: int, dtype: type) -> np.ndarray:
    """Reads the first columns of the next rows; fewer rows if the file ends before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # NumPy warns about blank lines and comments
        return np.loadtxt(lines, dtype, max_rows=rows, usecols=range(columns), ndmin=2)


def _check_count(found: int, expected: int, what: str, path: Path) -> None:
    if found < expected:
        raise DataError(
            f"{path}: expected {expected:,} {what}, got {found:,} before the end of the file; {HINT}.",
            file=path,
            got=found,
        )
