"""STL meshes, binary and text.

trimesh 5.2.0 reads most of them, but takes numbers in the name of a solid for vertices, and returns an empty scene,
without an error, for a file that is shorter or longer than its count of triangles.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.number_table import TableError, read_table
from conclu_pyg.io.refusals import mismatch, os_errors_refused, refused
from conclu_pyg.text import pluralize

HEADER = 84  # bytes, of which the last four are the number of triangles
TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
ATTRIBUTES = "attributes of triangles, such as their colours, were ignored"
BOM = b"\xef\xbb\xbf"  # the UTF-8 byte order mark
# A line that some writers add after that of `solid` or `facet`, or between facets: three or four numbers.
COLOR = rb"\s*colou?r(?:[ \t]+[-+.\deE]+){3,4}[ \t]*(?=[\r\n])"
POINT = rb"(\S+\s+\S+\s+\S+)\s+"
FACET = re.compile(
    rb"\s*facet(?:\s+normal\s+\S+\s+\S+\s+\S+)?("
    + COLOR
    + rb")?\s+outer\s+loop\s+"
    + 3 * (rb"vertex\s+" + POINT)
    + rb"endloop\s+endfacet(?!\S)",
    re.IGNORECASE,
)
COLOR_LINE = re.compile(COLOR, re.IGNORECASE)
REST = re.compile(rb"\s*")
SOLID = re.compile(rb"\s*solid(?![^\s])[^\r\n]*", re.IGNORECASE)
END = re.compile(rb"\s*end\s?solid(?!\S)[^\r\n]*", re.IGNORECASE)


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the mesh of a file; several solids of a text file are one mesh.

    A binary file is recognised by its size, because the header of many begins with ``solid``, as text files do. Normals
    are not read, and neither are colours.

    Raises:
        DataError: the file has fewer or more triangles than its count, or text between its triangles.
    """
    with os_errors_refused(path):
        data = path.read_bytes()
    count = int.from_bytes(data[HEADER - 4 : HEADER], "little") if len(data) >= HEADER else -1
    if count >= 0 and len(data) == HEADER + count * TRIANGLE.itemsize:
        corners, notes = _read_binary(data, path)
    elif SOLID.match(data.removeprefix(BOM)) and b"\0" not in data[:HEADER]:
        corners, notes = _read_text(data.removeprefix(BOM), path)
    elif count < 0:
        raise mismatch(path, "an STL file", pluralize(len(data), "byte"))
    else:
        size = HEADER + count * TRIANGLE.itemsize
        expected = f"{pluralize(count, 'triangle')}, so {size:,} bytes, or text that begins with 'solid'"
        raise mismatch(path, expected, f"{len(data):,} bytes", got=len(data))
    triangles = np.arange(len(corners), dtype=np.int64).reshape(-1, 3)
    yield FileCloud(corners, triangles, notes=notes)


def _read_binary(data: bytes, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Returns the corners of all triangles one after another, ``[3 * t, 3]``, and notes."""
    triangles = np.frombuffer(data, TRIANGLE, offset=HEADER)
    if len(triangles) == 0:
        raise refused(path, "it has no triangles")
    return triangles["corners"].reshape(-1, 3), (ATTRIBUTES,) if triangles["attribute"].any() else ()


def _read_text(data: bytes, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Returns the corners of all triangles one after another, ``[3 * t, 3]``, and notes."""
    corners: list[bytes] = []
    position, has_colors = 0, False
    while position == 0 or not REST.fullmatch(data, position):
        solid = SOLID.match(data, position)
        position = solid.end() if solid else position
        while found := FACET.match(data, position) or COLOR_LINE.match(data, position):
            color, *points = found.groups() or (b"",)
            corners += points
            has_colors |= color is not None
            position = found.end()
        end = END.match(data, position)
        if not solid or not end:
            line = data.count(b"\n", 0, position) + 1
            got = (
                data[position:].strip().split(b"\n")[0].strip().decode("utf-8", "replace")[:40] or "the end of the file"
            )
            expected = "facets of three vertices between 'solid' and 'endsolid'"
            raise mismatch(path, expected, f"{got!r} after line {line}", got=got)
        position = end.end()
    if not corners:
        raise refused(path, "it has no triangles")
    try:
        rows = b"\n".join(b" ".join(corner.split()) for corner in corners)
        table = read_table(io.BytesIO(rows), (0, 1, 2), max_rows=len(corners), width=3)
    except TableError as error:
        reason = re.sub(r"^line \d+: ", "", str(error))
        raise refused(path, f"expected three numbers after 'vertex' ({reason})") from error
    return table, (ATTRIBUTES,) * has_colors
