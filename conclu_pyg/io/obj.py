"""Wavefront OBJ meshes and clouds.

Open3D 0.20 leaves out polygons of files in which there are also triangles, rounds to float32 and returns no points of
a file without faces; trimesh 5.2.0 joins equal vertices, changes their order and drops those that no face uses. The
syntax is that of Wavefront's "Advanced Visualizer" manual, appendix B1, with colours after the coordinates, as MeshLab
and Meshroom write them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np

from conclu_pyg.io.column_names import as_colors
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud
from conclu_pyg.io.number_table import TableError, parse_short, parse_with_arrow, read_table
from conclu_pyg.io.obj_lines import Block, parse_faces, read_blocks
from conclu_pyg.io.polygons import triangulate
from conclu_pyg.io.refusals import decode, os_errors_refused, refused, too_many
from conclu_pyg.text import pluralize

# Statements with no influence on the shape, and those of shapes that are not read.
NAMES = re.compile("vt|vn|g|s|o|mg|mtllib|usemtl|maplib|usemap|lod|bevel|[cd]_interp|(shadow|trace)_obj")
SHAPES = re.compile("l|p|fo|vp|deg|[bc]mat|step|cs(type|h)|curv2?|surf|parm|trim|hole|scrv|sp|end|con|call|[cs]tech")
WIDTHS = {3: "x y z", 4: "x y z w", 6: "x y z r g b", 7: "x y z r g b a"}
TABLE_LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the mesh of a file, or its vertices, with their colours and normals, if it has no faces.

    Objects and groups are parts of one mesh. Materials are not read, and no other file is opened.

    Args:
        path: the file.
        max_points: the largest number of vertices.

    Raises:
        DataError: the file cannot be read, has a line that is no statement of OBJ, no vertex or too many, or a face
            with a vertex that does not exist.
    """
    with os_errors_refused(path), path.open("rb") as file:
        content = _Content(path, max_points)
        for block in read_blocks(file, path):
            content.add(block)
        yield content.cloud(file)


class _Content:
    """The vertices and faces of a file."""

    def __init__(self, path: Path, max_points: int) -> None:
        self.path, self.max_points = path, max_points
        self.vertices, self.used = np.empty((0, 3)), 0
        self.corners = [np.empty(0, np.int64)]
        self.sizes = [np.empty(0, np.int64)]
        self.normals = 0
        self.ignored: set[str] = set()
        self.mixed = False

    def add(self, block: Block) -> None:
        is_vertex, before = block.begin_with(b"v"), self.used
        if is_vertex.any():
            self._add_vertices(block, is_vertex)
        if is_vertex.all():
            return
        is_face, is_normal = block.begin_with(b"f"), block.begin_with(b"vn")
        if is_face.any():
            self._add_faces(block, is_face, before + np.cumsum(is_vertex)[is_face])
        self.normals += int(is_normal.sum())
        others = ~(is_vertex | is_face | is_normal | block.begin_with(b"vt"))
        for index in np.flatnonzero(others):
            word = block.line(index).partition(" ")[0].partition("\t")[0]
            if SHAPES.fullmatch(word):
                self.ignored.add(word)
            elif word and not NAMES.fullmatch(word):
                self._refuse(block, index, "no statement of OBJ")

    def _add_vertices(self, block: Block, lines: np.ndarray) -> None:
        text = block.text(lines)
        width = len(text[: text.find(b"\n")].split()) - 1
        try:
            rows = _read_rows(text, width) if width in WIDTHS else self._read_mixed(block, lines, text)
        except TableError:
            rows = self._read_mixed(block, lines, text)
        self._append(rows)

    def _read_mixed(self, block: Block, lines: np.ndarray, text: bytes) -> np.ndarray:
        """Returns the coordinates of vertices of which some have colours; refuses other lines that differ."""
        numbers, each_line = np.flatnonzero(lines), text.split(b"\n")[:-1]
        widths = np.array([len(line.split()) - 1 for line in each_line])
        wrong = np.flatnonzero(~np.isin(widths, list(WIDTHS)))
        if len(wrong):
            forms = ", ".join(f"'v {form}'" for form in WIDTHS.values())
            self._refuse(block, numbers[wrong[0]], f"expected one of {forms}")
        rows = np.empty((len(widths), 3))
        for width in np.unique(widths):
            same = np.flatnonzero(widths == width)
            try:
                rows[same] = _read_rows(b"\n".join([each_line[index] for index in same]) + b"\n", int(width))[:, :3]
            except TableError as error:
                found = TABLE_LINE.fullmatch(str(error))
                index, reason = (int(found[1]) - 1, found[2]) if found else (0, str(error))
                self._refuse(block, numbers[same[index]], reason)
        self.mixed = True
        return rows

    def _append(self, rows: np.ndarray) -> None:
        end = self.used + len(rows)
        if end > self.max_points:
            raise too_many(self.path, None, self.max_points, "vertices")
        if not self.used and not self.mixed:
            self.vertices = np.empty((0, rows.shape[1]))
        elif rows.shape[1] != self.vertices.shape[1]:
            self.mixed = True
            self.vertices, rows = self.vertices[:, :3].copy(), rows[:, :3]
        if end > len(self.vertices):
            room = max(end, min(len(self.vertices) * 3 // 2, self.max_points))
            self.vertices.resize((room, self.vertices.shape[1]), refcheck=False)
        self.vertices[self.used : end] = rows
        self.used = end

    def _add_faces(self, block: Block, lines: np.ndarray, vertices_before: np.ndarray) -> None:
        """Adds faces, whose negative numbers count back from the last vertex before their line."""
        parsed = parse_faces(block.text(lines))
        if parsed is None:
            for index in np.flatnonzero(lines):
                if parse_faces(block.line(index).encode("latin-1") + b"\n") is None:
                    self._refuse(block, index, "expected a face such as 'f 1 2 3' or 'f 1/1/1 2/2/2 3/3/3'")
        assert parsed is not None
        numbers, sizes = parsed
        before = np.repeat(vertices_before, sizes)
        corners = np.where(numbers < 0, before + numbers, numbers - 1)
        wrong = np.flatnonzero((numbers == 0) | (corners < 0))
        if len(wrong):
            line = np.searchsorted(np.cumsum(sizes), wrong[0], side="right")
            self._refuse(
                block,
                np.flatnonzero(lines)[line],
                f"vertices are counted from 1, or back from -1 to -{before[wrong[0]]}",
            )
        self.corners.append(corners)
        self.sizes.append(sizes)

    def _refuse(self, block: Block, index: int | np.integer, reason: str) -> NoReturn:
        line = decode(block.line(index).encode("latin-1"))
        raise refused(self.path, f"line {block.numbers[index]:,}, {line[:60]!r}, cannot be read ({reason})", got=line)

    def cloud(self, file: BinaryIO) -> FileCloud:
        if not self.used:
            raise refused(self.path, "it has no vertices, lines such as 'v 0 0.5 1'")
        self.vertices.resize((self.used, self.vertices.shape[1]), refcheck=False)
        notes = [f"the elements {', '.join(sorted(self.ignored))} were ignored"] if self.ignored else []
        points, more = self.vertices[:, :3], self.vertices[:, 3:]
        sizes = np.concatenate(self.sizes)
        if len(sizes):
            corners = np.concatenate(self.corners)
            self.corners.clear()
            largest = int(corners.max(initial=0)) + 1
            if largest > self.used:
                reason = f"the vertices of its faces must be 1 to {self.used}, got {largest}"
                raise refused(self.path, reason, got=largest)
            triangles, left_out = triangulate(points, corners, sizes)
            return FileCloud(points, triangles, notes=(*left_out, *notes))
        if self.mixed:
            notes.append("colours were ignored, because some vertices have none")
        x = {}
        if more.shape[1] >= 3:
            x["colors"] = as_colors(more)
        elif more.shape[1] == 1 and not (more == 1).all():
            notes.append("the weights w of the vertices were ignored")
        if self.normals == self.used:
            x["normals"] = self._read_normals(file)
        elif self.normals:
            vertices = pluralize(self.used, "vertex", "vertices")
            notes.append(f"normals were ignored, because there are {self.normals:,} for {vertices}")
        return FileCloud(points, x=x, notes=(NO_FACES, *notes))

    def _read_normals(self, file: BinaryIO) -> np.ndarray:
        """Returns the normals of a cloud, which has as many as vertices, float32 ``[n, 3]``."""
        normals, used = np.empty((self.used, 3), np.float32), 0
        file.seek(0)
        for block in read_blocks(file, self.path):
            lines = block.begin_with(b"vn")
            if not lines.any():
                continue
            try:
                rows = _read_rows(block.text(lines), 3)
            except TableError as error:
                raise refused(self.path, f"its normals cannot be read ({error})") from error
            normals[used : used + len(rows)] = rows
            used += len(rows)
        return normals


def _read_rows(text: bytes, width: int) -> np.ndarray:
    """Returns the numbers after the first word of lines, float64 ``[l, width]``.

    Raises:
        TableError: a line has not so many numbers.
    """
    rows = parse_short(text, text[: text.find(b" ")], width)
    if rows is not None:
        return rows
    columns = range(1, width + 1)
    rows = parse_with_arrow(text, columns, None, width + 1)  # lines of one space between their words
    return read_table(io.BytesIO(text), columns, width=width + 1, max_rows=len(text)) if rows is None else rows
