"""PLY clouds and meshes: text, and binary in both orders of bytes.

plyfile 1.1.5 reads most of them, but ignores what follows the elements of the header, and reads lists in a loop over
the faces. Open3D 0.20 refuses coordinates that are not the first three properties.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conclu_pyg.io.column_names import group_attributes
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud, stack_columns
from conclu_pyg.io.number_table import note_rounded
from conclu_pyg.io.ply_binary import BinaryReader
from conclu_pyg.io.ply_header import AXES, Element, PlyHeader, Values, read_header
from conclu_pyg.io.ply_text import TextReader
from conclu_pyg.io.polygons import check_corners, triangulate
from conclu_pyg.io.refusals import mismatch, os_errors_refused, refused, too_many

MAX_REST = 1 << 20  # bytes
CORNERS = ("vertex_indices", "vertex_index")
LINE_ENDS = (b"", b"\n", b"\r\n", b"\r")


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the cloud of a file, or the mesh of its faces or triangle strips.

    The coordinates are the properties ``x``, ``y`` and ``z`` of the element ``vertex``, at any place and of any type.
    The others are attributes of a cloud: ``red``, ``green`` and ``blue`` are its ``colors``, ``nx``, ``ny`` and ``nz``
    its ``normals``, ``label``, ``class`` and alike its labels. Lists of vertices and other elements are ignored.

    Raises:
        DataError: the header is wrong, or the file has fewer or more elements than it says.
    """
    with os_errors_refused(path), path.open("rb") as file:
        yield _read(file, path, max_points)


def _read(file: BinaryIO, path: Path, max_points: int) -> FileCloud:
    header = read_header(file, path)
    vertex = _find_vertex(header, path, max_points)
    faces = {
        element.name: _corner_lists(element) for element in header.elements if element.name in ("face", "tristrips")
    }
    has_faces = any(element.number and faces.get(element.name) for element in header.elements)
    skipped = [f"the list {each.name!r} of the vertices was ignored" for each in vertex.properties if each.count]
    reader = BinaryReader(file, path, header.order) if header.order else TextReader(file, path, header.line)
    points, x, labels, triangles, notes = np.empty((0, 3)), Values(), None, [], list[str]()
    for element in header.elements:
        if not element.number:
            continue
        names = AXES if has_faces else tuple(each.name for each in element.properties if not each.count)
        if element is vertex:
            values, _ = reader.read(element, names)
            points = stack_columns([values.pop(axis) for axis in AXES])
            if not header.order:
                notes += note_rounded({name: each for name, each in values.items() if each.dtype.kind in "iu"})
            x, labels = group_attributes(values)
        elif faces.get(element.name):
            _, lists = reader.read(element, faces[element.name])
            triangles.append((element.name, *lists[faces[element.name][0]]))
        else:
            reader.read(element, ())
            notes.append(f"the element {element.name[:40]!r} was ignored")
    _check_end(file, path, not header.order)
    if not has_faces:
        return FileCloud(points, x=x, labels=labels, notes=(*skipped, *notes))
    found = [_triangles(points, *each, path) for each in triangles]
    corners = np.concatenate([each for each, _ in found])
    notes += [note for _, more in found for note in more]
    if not len(corners):
        return FileCloud(points, notes=(*notes, NO_FACES))
    return FileCloud(points, corners, notes=tuple(notes))


def _find_vertex(header: PlyHeader, path: Path, max_points: int) -> Element:
    found = [element for element in header.elements if element.name == "vertex"]
    if len(found) != 1:
        names = ", ".join(element.name for element in header.elements)[:80]
        raise mismatch(path, "one element 'vertex'", f"{len(found)} among {names!r}")
    scalars = [each.name for each in found[0].properties if not each.count]
    missing = [axis for axis in AXES if axis not in scalars]
    if missing:
        names = ", ".join(scalars)[:80]
        raise mismatch(path, "the properties x, y and z of the element 'vertex'", f"no {missing[0]} among {names!r}")
    if found[0].number > max_points:
        raise too_many(path, found[0].number, max_points)
    if found[0].number == 0:
        raise refused(path, "it has no points")
    return found[0]


def _corner_lists(element: Element) -> tuple[str, ...]:
    """Returns the name of the list of corners of faces, if there is one."""
    return tuple(each.name for each in element.properties if each.count and each.name in CORNERS)[:1]


def _triangles(
    vertices: np.ndarray, name: str, corners: np.ndarray, sizes: np.ndarray, path: Path
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Returns the triangles of faces or strips, and notes."""
    if corners.dtype.kind == "f":
        if not ((np.abs(corners) < 1 << 53) & (np.trunc(corners) == corners)).all():
            raise mismatch(path, f"whole numbers as the vertices of {name}", "others")
    elif corners.dtype == np.uint64 and len(corners) and corners.max() > np.iinfo(np.int64).max:
        raise mismatch(path, f"vertices of {name} below {len(vertices)}", str(corners.max()))
    corners = corners.astype(np.int64)
    if name == "tristrips":
        return _strips(corners, sizes, len(vertices), path), ()
    check_corners(corners, len(vertices), path)
    return triangulate(vertices, corners, sizes)


def _strips(corners: np.ndarray, sizes: np.ndarray, num_vertices: int, path: Path) -> np.ndarray:
    """Returns the triangles of strips, in which -1 begins a new one, and the end of a list too."""
    ends = np.cumsum(sizes)
    parts = np.split(corners, ends[:-1])
    joined = np.concatenate([np.append(part, -1) for part in parts]) if parts else corners
    check_corners(joined[joined != -1], num_vertices, path)
    triangles = np.stack([joined[:-2], joined[1:-1], joined[2:]], axis=1) if len(joined) > 2 else np.empty((0, 3), int)
    return triangles[(triangles >= 0).all(axis=1)]


def _check_end(file: BinaryIO, path: Path, is_text: bool) -> None:
    """Rejects content after the last element."""
    rest = file.read(MAX_REST)
    if rest.strip() if is_text else rest not in LINE_ENDS:
        left = path.stat().st_size - file.tell() + len(rest)
        raise mismatch(path, "the end of the file after the elements of its header", f"{left:,} more bytes")
