"""STL meshes, binary and text, against trimesh and Open3D as writers."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from file_mutations import read_mutants
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.stl import ATTRIBUTES, read

BOX = trimesh.creation.box()
CORNERS = np.asarray(BOX.triangles).reshape(-1, 3)


def exported(kind: str) -> bytes:
    data = BOX.export(file_type=kind)
    return data if isinstance(data, bytes) else data.encode()


BINARY, TEXT = exported("stl"), exported("stl_ascii")


def read_stl(folder: Path, content: bytes) -> FileCloud:
    path = folder / "a.stl"
    path.write_bytes(content)
    (mesh,) = read(path, 1000)
    return mesh


@pytest.mark.parametrize(
    "content",
    [
        BINARY,
        b"solid of a CAD system".ljust(80) + BINARY[80:],
        TEXT,
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.upper(),
        TEXT.replace(b"solid", b"solid a name with vertex 1 2 3", 1),
        TEXT.replace(b"    ", b"\t").replace(b"endsolid", b"end solid"),
        TEXT + b"\n\n  ",
    ],
    ids=range(8),
)
def test_binary_and_text_have_the_triangles_in_their_order(content: bytes, tmp_path: Path) -> None:
    mesh = read_stl(tmp_path, content)
    assert np.allclose(mesh.points, CORNERS, atol=1e-7) and mesh.notes == ()
    assert mesh.triangles is not None and mesh.triangles.ravel().tolist() == list(range(36))
    second = trimesh.load(io.BytesIO(BINARY), file_type="stl", process=False)
    assert np.array_equal(mesh.points, np.asarray(second.triangles).reshape(-1, 3).astype(mesh.points.dtype))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_before_text(end: bytes, tmp_path: Path) -> None:
    mesh = read_stl(tmp_path, b"\xef\xbb\xbf" + TEXT.replace(b"\n", end))
    assert np.allclose(mesh.points, CORNERS, atol=1e-7) and mesh.notes == ()


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (b"solid", b"color 0.5 0.5 0.5"),
        (b"solid", b"  COLOUR 1 0 1e-1 1"),
        (b"facet", b"\tcolor 255 0 -0"),
        (b"endfacet", b"color 0.25 .5 1."),
    ],
)
def test_lines_of_colors_are_ignored_with_a_note(place: bytes, line: bytes, tmp_path: Path) -> None:
    lines = TEXT.replace(b"solid", b"solid name", 1).splitlines()
    colored = [part for each in lines for part in ([each, line] if each.split()[:1] == [place] else [each])]
    assert len(colored) > len(lines)
    mesh = read_stl(tmp_path, b"\n".join(colored))
    assert np.array_equal(mesh.points, read_stl(tmp_path, TEXT).points) and mesh.notes == (ATTRIBUTES,)
    assert mesh.triangles is not None and mesh.triangles.ravel().tolist() == list(range(36))


@pytest.mark.parametrize(
    "line", [b"color", b"color red", b"color 1 2", b"color 1 2 3 4 5", b"color 1 2 3 facet", b"colors 1 2 3"]
)
def test_other_lines_than_of_numbers_of_colors_are_refused(line: bytes, tmp_path: Path) -> None:
    with raises(DataError, file=tmp_path / "a.stl", got=line.decode()):
        read_stl(tmp_path, TEXT.replace(b"solid", b"solid\n" + line, 1))


def test_content_is_quoted_in_its_own_script(tmp_path: Path) -> None:
    for content in (TEXT.replace(b"facet", "面".encode(), 1), TEXT.replace(b"vertex ", "vertex ٣".encode(), 1)):
        with raises(DataError, file=tmp_path / "a.stl") as caught:
            read_stl(tmp_path, content)
        assert "面" in str(caught.value) or "٣" in str(caught.value)


def test_files_of_open3d(tmp_path: Path) -> None:
    open3d = pytest.importorskip("open3d", reason="needs Open3D")
    mesh = open3d.geometry.TriangleMesh.create_icosahedron()
    mesh.compute_triangle_normals()
    open3d.io.write_triangle_mesh(str(tmp_path / "a.stl"), mesh)
    (found,) = read(tmp_path / "a.stl", 1000)
    wanted = np.asarray(mesh.vertices)[np.asarray(mesh.triangles)].reshape(-1, 3)
    assert np.allclose(found.points, wanted, atol=1e-6)


def test_several_solids_are_one_mesh(tmp_path: Path) -> None:
    moved = trimesh.creation.box(transform=trimesh.transformations.translation_matrix([5, 0, 0]))
    mesh = read_stl(tmp_path, TEXT + b"\n" + str(moved.export(file_type="stl_ascii")).encode())
    assert np.allclose(mesh.points, np.concatenate([CORNERS, CORNERS + np.array([5, 0, 0])]))


def test_attributes_and_faces_without_area_are_noted(tmp_path: Path) -> None:
    triangle = struct.pack("<12fH", 0, 0, 1, *CORNERS[:3].ravel(), 7)
    flat = struct.pack("<12fH", 0, 0, 1, *(3 * [1.0, 2.0, 3.0]), 0)
    path = tmp_path / "a.stl"
    path.write_bytes(bytes(80) + struct.pack("<I", 3) + triangle + 2 * flat)
    (cloud,) = read_clouds(path, mesh_points=50)
    assert cloud.notes[0] == ATTRIBUTES and cloud.notes[-1] == "2 triangles without area got no points"
    assert cloud.points.max() <= 0.5 and len(cloud.points) == 50


@pytest.mark.parametrize(
    ("content", "fields", "found"),
    [
        (BINARY[:-1], {"got": len(BINARY) - 1}, "expected 12 triangles, so 684 bytes, or text"),
        (BINARY + b"\0", {"got": len(BINARY) + 1}, "got 685 bytes"),
        (BINARY[:60], {}, "expected an STL file, got 60 bytes"),
        (BINARY[:34], {}, "expected an STL file, got 34 bytes"),
        (bytes(84), {}, "has no triangles"),
        (b"solid\nendsolid\n", {}, "has no triangles"),
        (TEXT[: len(TEXT) // 2], {}, "between 'solid' and 'endsolid'"),
        (TEXT.replace(b"vertex", b"vertx", 1), {}, "got 'facet normal"),
        (TEXT.replace(b"vertex 0.5", b"vertex a", 1), {}, "expected three numbers after 'vertex'"),
        (TEXT.rstrip()[: -len("endsolid")], {"got": "the end of the file"}, "got 'the end of the file' after line"),
        (TEXT + b"\nmore", {"got": "more"}, "got 'more' after line"),
    ],
    ids=range(11),
)
def test_other_content_is_refused(content: bytes, fields: dict[str, Any], found: str, tmp_path: Path) -> None:
    with raises(DataError, file=tmp_path / "a.stl", **fields) as caught:
        read_stl(tmp_path, content)
    assert found in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [BINARY, TEXT], ids=["binary", "text"])
def test_mutated_files_are_read_or_refused(content: bytes, tmp_path: Path) -> None:
    assert sum(read_mutants(content, ".stl", 200, tmp_path)) == 200
