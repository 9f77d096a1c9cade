"""Object File Format (OFF) meshes and their variants, with the tolerance that ModelNet's files need.

trimesh reads them too, but takes three times as long (33 ms against 10 ms for 20,000 faces), accepts a file that ends
before its last face, and fails on one without a header with "not enough values to unpack".
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.column_names import as_colors
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud
from conclu_pyg.io.number_table import TableError, read_table
from conclu_pyg.io.polygons import check_corners, triangulate
from conclu_pyg.io.refusals import SIMPLIFY, decode, mismatch, os_errors_refused, too_many

MAX_BYTES = 1 << 30  # far more than any mesh of ModelNet
# The words before OFF say what follows the coordinates of a vertex: texture coordinates, colours, normals.
HEADER = re.compile(r"(ST)?(C)?(N)?(4)?(n)?OFF(?![A-Za-z])\s*(.*)", re.DOTALL)
# In their order, and the groups of that expression.
ATTRIBUTES = (("normals", 3), ("colors", 2), ("textures", 1))
WIDTHS = {"normals": 3, "colors": 4, "textures": 2}  # the largest numbers of columns
COUNTS = re.compile(r"\d{1,12}\s+\d{1,12}(\s+-?\d+)?", re.ASCII)
COUNTS_FIRST = re.compile(r"(\d{1,12}\s+\d{1,12}\s+-?\d+)\s+(\S.*)", re.ASCII | re.DOTALL)
NUMBERS = re.compile(rb"\s*[-+]?\.?\d[-+.\deE]*\s")
BOM = "\ufeff"  # the UTF-8 byte order mark
MIN_VERTICES = 3  # that are read from one line: two are also a point with its colour


class Off(NamedTuple):
    """The content of a file.

    Attributes:
        vertices: the coordinates.
        triangles: the corners of triangles, none if the file has no faces.
        x: attributes of the vertices that the header announces.
        notes: what was left out.

    Shapes:
        - **vertices:** float64 ``[V, 3]``, **triangles:** int64 ``[T, 3]``, **x:** ``[V, k]`` each
    """

    vertices: np.ndarray
    triangles: np.ndarray
    x: dict[str, np.ndarray]
    notes: tuple[str, ...]


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the mesh of a file (see :func:`read_off`), or its vertices if it has no faces.

    Colours and normals of vertices, which ``COFF`` and ``NOFF`` announce, are attributes of a cloud without faces.

    Raises:
        DataError: as :func:`read_off`; or there are more than ``max_points`` vertices.
    """
    found = _read(path, max_points)
    if len(found.triangles):
        yield FileCloud(found.vertices, found.triangles, notes=found.notes)
    else:
        yield FileCloud(found.vertices, x=found.x, notes=(*found.notes, NO_FACES))


def read_off(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads a mesh.

    Accepted in addition to the standard: counts on the line of the header (``OFF490 518 0``, as in many files of
    ModelNet40), counts without the word ``OFF`` before them, comments and blank lines anywhere, text behind the faces
    (MeshLab writes XML there), colours, normals and texture coordinates after the coordinates. Vertices without such
    attributes may be all on one line, also on that of the counts. Polygons become triangles
    (:func:`~conclu_pyg.io.polygons.triangulate`); faces without an area are left out.

    A file without counts is rejected, because the end of its vertices would be a guess.

    Shapes:
        - **output:** vertices float64 ``[V, 3]``, triangles int64 ``[T, 3]``, whose indices lie below V

    Raises:
        DataError: the file is missing or not an OFF file, is binary, has vertices of another dimension than 3, has no
            faces, has fewer or more vertices or faces than its counts say, or a face with a vertex that does not exist.
    """
    found = _read(path, MAX_BYTES)
    if not len(found.triangles):
        got = f"{len(found.vertices):,} vertices and no face with an area"
        raise mismatch(path, "a surface", got, got=len(found.vertices))
    return found.vertices, found.triangles


def _read(path: Path, max_points: int) -> Off:
    with os_errors_refused(path):
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise too_many(path, size, MAX_BYTES, "bytes", SIMPLIFY)
        with path.open("rb") as file:
            attributes, counts, line = _read_header(file, path)
            _check_counts(*counts, size, path, max_points)
            start = file.tell()
            try:
                if not line:
                    return _read_body(file, path, attributes, *counts)
            except DataError:
                file.seek(start)
                line = _next_line(file)
                if attributes or not _holds_vertices(line, counts[0]):
                    raise
            return _read_body(_divide_line(line, file), path, [], *counts)


def _read_header(file: BinaryIO, path: Path) -> tuple[list[str], tuple[int, int], str]:
    """Returns the attributes of the vertices in their order, the numbers of vertices and faces, and the vertices that
    are on the line of these numbers."""
    first = _next_line(file).removeprefix(BOM).strip()
    header = HEADER.fullmatch(first)
    counts = (header[6] or _next_line(file)) if header else first
    if header and header[6].upper().startswith("BINARY"):
        raise _unsupported(path, "a binary OFF file", "write it as text, for example with MeshLab")
    if header and header[5]:
        dimension, counts = counts, _next_line(file)
        if dimension != "3":
            raise _unsupported(path, f"vertices of {dimension[:20]!r} dimensions", "write three coordinates")
    if header and header[4]:
        raise _unsupported(path, "vertices with a fourth component (4OFF)", "write three coordinates")
    attributes = [name for name, index in ATTRIBUTES if header and header[index]]
    line = ""
    both = COUNTS_FIRST.fullmatch(counts) if header and not attributes else None
    if both and _holds_vertices(both[2], int(both[1].split()[0])):
        counts, line = both.groups()
    if not COUNTS.fullmatch(counts):
        found = f"{counts[:40]!r} after the header" if header else f"{first[:40]!r} as its first line"
        expected = "an OFF mesh, with the word OFF and a line with the numbers of vertices and faces"
        raise mismatch(path, expected, found)
    return attributes, (int(counts.split()[0]), int(counts.split()[1])), line


def _holds_vertices(line: str, num_vertices: int) -> bool:
    """Returns whether a line has the coordinates of all vertices and nothing else.

    By the format, line breaks matter only behind faces, whose colours they end. Vertices of which only some share a
    line, and a face on the line of the vertices, are not read: a lost number would move all numbers behind it.
    """
    return num_vertices >= MIN_VERTICES and len(line.split()) == 3 * num_vertices


def _divide_line(line: str, file: BinaryIO) -> BinaryIO:
    """Returns the vertices of a line, each on a line of its own, and the rest of the file."""
    words = line.split()
    rows = [" ".join(words[start : start + 3]) for start in range(0, len(words), 3)]
    return io.BytesIO("\n".join(rows).encode() + b"\n" + file.read())


def _check_counts(num_vertices: int, num_faces: int, size: int, path: Path, max_points: int) -> None:
    if num_vertices < 1 or (num_faces and num_vertices < 3):
        counts = f"{num_vertices:,} vertices and {num_faces:,} faces"
        raise mismatch(path, "a vertex, or three with faces", counts, got=(num_vertices, num_faces))
    # The shortest lines are "0 0 0\n" and "1 0\n": counts beyond the size are refused before anything is allocated.
    if 6 * num_vertices + 4 * num_faces > size + 1:
        counts = f"{num_vertices:,} vertices and {num_faces:,} faces"
        raise mismatch(path, f"counts that {size:,} bytes can hold", counts, got=(num_vertices, num_faces))
    if num_vertices > max_points:
        raise too_many(path, num_vertices, max_points, "vertices", SIMPLIFY)


def _read_body(file: BinaryIO, path: Path, attributes: list[str], num_vertices: int, num_faces: int) -> Off:
    try:
        start = file.tell()
        width = len(_next_line(file).split())
        file.seek(start)
        vertices = read_table(file, (0, 1, 2), rows=num_vertices, max_rows=num_vertices, width=width)
        _check_count(len(vertices), num_vertices, "vertices", path)
        end = file.tell()
        x = {} if num_faces or not attributes else _read_attributes(file, start, attributes, num_vertices)
        file.seek(end)
        triangles, notes = _read_faces(file, num_faces, vertices, path)
        _check_end(file)
    except (ValueError, OverflowError) as error:
        reason = re.sub(r"^line \d+: |;.*|\.$", "", str(error).splitlines()[0])
        expected = f"{num_vertices:,} vertices and {num_faces:,} faces"
        raise mismatch(path, expected, f"other content among them ({reason})", got=reason) from error
    return Off(vertices, triangles, x, notes)


def _read_attributes(file: BinaryIO, start: int, attributes: list[str], num_vertices: int) -> dict[str, np.ndarray]:
    """Reads the columns after the coordinates: three of normals, then three or four of colours."""
    file.seek(start)
    width = len(_next_line(file).split())
    x, column = {}, 3
    for name in attributes:
        columns = range(column, min(width, column + WIDTHS[name]))
        if len(columns) >= 3:
            file.seek(start)
            values = read_table(file, columns, rows=num_vertices, max_rows=num_vertices)
            x[name] = as_colors(values) if name == "colors" else values
        column += len(columns)
    return x


def _read_faces(file: BinaryIO, num_faces: int, vertices: np.ndarray, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Returns triangles, and notes on the faces that were left out."""
    start = file.tell()
    try:
        faces = read_table(file, (0, 1, 2, 3), rows=num_faces, max_rows=num_faces)
    except TableError:
        faces = np.empty((0, 4))  # a line of fewer than four numbers, or an error; see below
    if len(faces) == num_faces and (faces[:, 0] == 3).all():
        if not ((np.abs(faces) <= 1 << 53) & (np.trunc(faces) == faces)).all():
            raise ValueError("a corner of a face that is no whole number")
        corners = faces[:, 1:].astype(np.int64)
        check_corners(corners, len(vertices), path)
        return corners, ()
    file.seek(start)
    flat: list[int] = []
    sizes: list[int] = []
    for row in islice(_rows(file), num_faces):
        line = b" ".join(row)
        try:
            size = int(row[0])
            face = [int(word) for word in row[1 : size + 1]]
        except ValueError:
            size, face = -1, []
        if size < 0 or len(face) < size or b"_" in line:  # Python reads 1_0 as 10
            raise ValueError(f"a face line {decode(line)[:40]!r}")
        sizes.append(size)
        flat += face
    _check_count(len(sizes), num_faces, "faces", path)
    corners = np.array(flat, dtype=np.int64)
    check_corners(corners, len(vertices), path)
    return triangulate(vertices, corners, np.array(sizes, dtype=np.int64))


def _rows(file: BinaryIO) -> Iterator[list[bytes]]:
    while line := file.readline():
        if row := line.partition(b"#")[0].split():
            yield row


def _check_end(file: BinaryIO) -> None:
    """Refuses a line of numbers after the last face; there may be text."""
    line = next((b" ".join(row) for row in _rows(file)), b"")
    if NUMBERS.match(line + b"\n"):
        raise ValueError(f"a line {decode(line)[:40]!r} after the last face")


def _next_line(file: BinaryIO) -> str:
    return next((decode(b" ".join(row)) for row in _rows(file)), "")


def _check_count(found: int, expected: int, what: str, path: Path) -> None:
    if found < expected:
        raise mismatch(path, f"{expected:,} {what}", f"{found:,} before the end of the file", got=found)


def _unsupported(path: Path, got: str, remedy: str) -> DataError:
    return mismatch(path, "an OFF mesh as text with three coordinates", got, remedy)
