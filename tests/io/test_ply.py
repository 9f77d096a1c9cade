"""PLY files: any order, type and byte order of properties, lists, polygons and strips, against plyfile and trimesh."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import plyfile
import pytest
import trimesh
from file_mutations import read_mutants
from helpers import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from conclu_pyg.errors import DataError
from conclu_pyg.io import ply_binary
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud
from conclu_pyg.io.ply import read
from conclu_pyg.io.ply_header import TYPES

MAX_POINTS = 1000
KINDS = sorted(set(TYPES.values()) - {"i8", "u8"})  # which plyfile has not
XYZ = "property float x\nproperty float y\nproperty float z\n"
LINES = "1 2 3\n4 5 6\n7 8 9\n"
NUMBERS = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
CORNERS = "0 0 0\n2 0 0\n2 1 0\n1 1 0\n1 2 0\n0 2 0\n"


def ply(elements: str, body: str, order: str = "ascii", end: str = "\n") -> str:
    return f"ply\nformat {order} 1.0\n{elements}end_header\n{body}".replace("\n", end)


def read_ply(folder: Path, content: bytes | str) -> FileCloud:
    path = folder / "a.ply"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (cloud,) = read(path, MAX_POINTS)
    return cloud


def values_of(kind: str, size: int) -> st.SearchStrategy[np.ndarray]:
    dtype = np.dtype(kind)
    one: st.SearchStrategy[Any] = st.floats(-1e6, 1e6, width=32)
    if dtype.kind != "f":
        one = st.integers(int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    return st.lists(one, min_size=size, max_size=size).map(lambda values: np.array(values, dtype))


@st.composite
def files(draw: st.DrawFn) -> tuple[plyfile.PlyData, np.ndarray, np.ndarray]:
    """Draws a file of plyfile with properties of any order and type, perhaps lists, its points and an attribute."""
    number = draw(st.integers(1, 9))
    columns, fields, order = {}, [], draw(st.sampled_from("<>"))
    for name in draw(st.permutations(["x", "y", "z", "quality", "neighbours"])):
        kind = draw(st.sampled_from(KINDS))
        if name == "neighbours":
            if order == "<" and draw(st.booleans()):  # plyfile 1.1.5 does not swap the bytes of scalars next to lists
                lists = np.empty(number, object)
                for row in range(number):
                    lists[row] = draw(values_of(kind, draw(st.integers(0, 3))))
                columns[name], kind = lists, "O"
            else:
                continue
        else:
            columns[name] = draw(values_of(kind, number))
        fields.append((name, kind))
    vertex = np.empty(number, fields)
    for name, column in columns.items():
        vertex[name] = column
    others = np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")])
    elements = [
        plyfile.PlyElement.describe(vertex, "vertex", len_types={"neighbours": "u1"}, val_types={"neighbours": "i4"}),
        plyfile.PlyElement.describe(others, "camera"),
    ]
    data = plyfile.PlyData(
        elements if draw(st.booleans()) else elements[::-1],
        text=draw(st.booleans()),
        byte_order=order,
        comments=["made by a test"],
        obj_info=["some"],
    )
    points = np.stack([columns[axis].astype(np.float64) for axis in "xyz"], axis=1)
    return data, points, columns["quality"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(files())
def test_any_order_type_and_byte_order_of_properties(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    data, points, quality = drawn
    buffer = io.BytesIO()
    data.write(buffer)
    cloud = read_ply(tmp_path_factory.mktemp("ply"), buffer.getvalue())
    assert np.allclose(cloud.points.astype(np.float64), points, rtol=1e-7 if data.text else 0, atol=0)
    assert np.allclose(cloud.x["quality"].astype(np.float64), quality.astype(np.float64), rtol=1e-7, atol=0)
    assert cloud.triangles is None and cloud.x["quality"].dtype == quality.dtype and set(cloud.x) == {"quality"}
    assert "the element 'camera' was ignored" in cloud.notes


def polygon_file(
    order: str, faces: list[list[int]], count: str = "uchar", kind: str = "int", flags: bool = False
) -> bytes:
    sign = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": ""}[order]
    header = f"element vertex 6\n{XYZ}element face {len(faces)}\n"
    header += "property uchar flag\n" if flags else ""
    header += f"property list {count} {kind} vertex_index\n" + ("property float quality\n" if flags else "")
    if not sign:
        rows = [["7"] * flags + [str(len(face)), *map(str, face)] + ["0.5"] * flags for face in faces]
        return ply(header, CORNERS + "".join(" ".join(row) + "\n" for row in rows)).encode()
    body = b"".join(struct.pack(f"{sign}3f", *map(float, line.split())) for line in CORNERS.splitlines())
    codes = {"uchar": "B", "int": "i", "ushort": "H", "uint": "I", "short": "h", "double": "d", "char": "b"}
    for face in faces:
        body += struct.pack(f"{sign}B", 7) * flags + struct.pack(f"{sign}{codes[count]}", len(face))
        body += struct.pack(f"{sign}{len(face)}{codes[kind]}", *face) + struct.pack(f"{sign}f", 0.5) * flags
    return ply(header, "", order).encode() + body


@pytest.mark.parametrize("order", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize(
    "faces",
    [
        [[0, 1, 2], [0, 2, 3]],
        [[0, 1, 2, 3], [3, 4, 5]],
        [[2, 3, 4, 5, 0, 1]],
        [[0, 1, 2], [0, 2, 3], [0, 3, 4, 5], [0, 1, 2], [2, 3, 4, 5, 0, 1], [0, 1, 2], [0, 1, 2]],
        3 * [[0, 1, 2], [0, 1, 2, 3]],
    ],
)
@pytest.mark.parametrize("flags", [False, True])
def test_polygons_have_their_area(order: str, faces: list[list[int]], flags: bool, tmp_path: Path) -> None:
    mesh = read_ply(tmp_path, polygon_file(order, faces, flags=flags))
    assert mesh.triangles is not None and len(mesh.triangles) == sum(len(face) - 2 for face in faces)
    a, b, c = (mesh.points[mesh.triangles[:, index]].astype(np.float64) for index in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    outlines = [np.array([list(map(float, CORNERS.splitlines()[i].split())) for i in face]) for face in faces]
    shoelace = [abs(np.cross(p[:, :2], np.roll(p[:, :2], -1, axis=0)).sum()) / 2 for p in outlines]
    assert area == pytest.approx(sum(shoelace))


@pytest.mark.parametrize(
    ("count", "kind"), [("int", "uint"), ("ushort", "short"), ("char", "double"), ("uint", "ushort")]
)
@pytest.mark.parametrize("order", ["binary_little_endian", "binary_big_endian"])
def test_any_type_of_lists(count: str, kind: str, order: str, tmp_path: Path) -> None:
    mesh = read_ply(tmp_path, polygon_file(order, [[0, 1, 2], [0, 2, 3]], count, kind))
    assert mesh.triangles is not None and mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_meshes_of_trimesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sphere = trimesh.creation.icosphere(subdivisions=2)
    for encoding in ("binary", "ascii"):
        mesh = read_ply(tmp_path, sphere.export(file_type="ply", encoding=encoding))
        assert np.allclose(mesh.points, sphere.vertices, atol=1e-6)
        assert mesh.triangles is not None and np.array_equal(mesh.triangles, sphere.faces)
    monkeypatch.setattr(ply_binary, "BLOCK", 7)
    mesh = read_ply(tmp_path, sphere.export(file_type="ply"))
    assert mesh.triangles is not None and np.array_equal(mesh.triangles, sphere.faces)


def test_triangle_strips(tmp_path: Path) -> None:
    header = f"element vertex 6\n{XYZ}element tristrips 2\nproperty list int int vertex_indices\n"
    mesh = read_ply(tmp_path, ply(header, CORNERS + "9 0 1 2 3 -1 3 4 5 -1\n3 0 1 5\n"))
    assert mesh.triangles is not None
    assert sorted(map(tuple, mesh.triangles.tolist())) == [(0, 1, 2), (0, 1, 5), (1, 2, 3), (3, 4, 5)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_polygons_of_different_size_before_other_elements(end: str, tmp_path: Path) -> None:
    faces = "element face 3\nproperty uchar red\nproperty list uchar int vertex_indices\nproperty list int float uv\n"
    header = f"{faces}element vertex 6\n{XYZ}element edge 1\nproperty int a\n"
    body = "9 3 0 1 2 0\n\n9 4 0 2 3 4 1 0.5\n  9\t3 5 0 2 2 0.5 1e-3\n"
    file = ply(header, body + CORNERS + "7\n", end=end)
    mesh = read_ply(tmp_path, file)
    assert mesh.triangles is not None and len(mesh.points) == 6
    assert mesh.triangles.tolist() == [[0, 1, 2], [5, 0, 2], [0, 2, 3], [0, 3, 4]]
    for wrong in (
        "9 4 0 2 3 4 1 0.5 1",
        "9 4 0 2 3 4 2 0.5",
        "9 4 0 2 3",
        "9 -1 0",
        "9 4 0 2 3 4.5 0",
        "9 4 0 2 3 a 0",
    ):
        with raises(DataError, file=tmp_path / "a.ply"):
            read_ply(tmp_path, file.replace("9 4 0 2 3 4 1 0.5", wrong))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("order", ["ascii", "binary_little_endian"])
def test_line_ends_and_comments(end: str, order: str, tmp_path: Path) -> None:
    header = ply(f"comment end_header is not here\nobj_info a b\nelement vertex 3\n{XYZ}", "", order, end)
    body = LINES.replace("\n", end).encode() if order == "ascii" else struct.pack("<9f", *range(1, 10))
    assert read_ply(tmp_path, header.encode() + body).points.tolist() == NUMBERS


def test_attributes_of_a_cloud(tmp_path: Path) -> None:
    names = ["nx", "x", "ny", "y", "nz", "z"]
    header = "element vertex 2\n" + "".join(f"property double {name}\n" for name in names)
    header += "".join(f"property uchar {name}\n" for name in ("red", "green", "blue", "alpha", "label"))
    cloud = read_ply(tmp_path, ply(header, "0 1 0 2 1 3 255 1 2 9 4\n1 4 0 5 0 6 3 4 5 9 8\n"))
    assert cloud.points.tolist() == [[1, 2, 3], [4, 5, 6]] and cloud.x["normals"].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert cloud.x["colors"].tolist() == [[255, 1, 2, 9], [3, 4, 5, 9]] and cloud.x["colors"].dtype == np.uint8
    assert cloud.labels is not None and cloud.labels.tolist() == [4, 8]


def test_doubles_in_text_keep_their_digits_under_a_header_of_floats(tmp_path: Path) -> None:
    cloud = read_ply(tmp_path, ply(f"element vertex 1\n{XYZ}", "155000.123456 463000.654321 2.000001\n"))
    assert cloud.points.tolist() == [[155000.123456, 463000.654321, 2.000001]]


@pytest.mark.parametrize("kind", ["int64", "uint64"])
@pytest.mark.parametrize(("value", "is_noted"), [(2**53 - 1, False), (2**53 + 1, True), (2**62 + 1, True)])
def test_integers_in_text_that_were_rounded_are_noted(tmp_path: Path, kind: str, value: int, is_noted: bool) -> None:
    header = f"element vertex 1\n{XYZ}property {kind} time\n"
    cloud = read_ply(tmp_path, ply(header, f"1 2 3 {value}\n"))
    assert int(cloud.x["time"][0]) == int(float(value)) and (int(cloud.x["time"][0]) != value) == is_noted
    assert cloud.notes == ("values of 'time' of 2**53 or more were rounded to float64",) * is_noted


@pytest.mark.parametrize(
    ("kind", "value"), [("int64", 2**63), ("int64", -(2**65)), ("uint64", 2**64), ("uint64", -1), ("int8", 128)]
)
def test_integers_in_text_beyond_their_type_are_refused(tmp_path: Path, kind: str, value: int) -> None:
    with raises(DataError):
        read_ply(tmp_path, ply(f"element vertex 1\n{XYZ}property {kind} time\n", f"1 2 3 {value}\n"))


def test_faces_without_area_or_without_faces(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(polygon_file("ascii", [[0, 1, 2], [0, 0, 1], [3, 3, 3], [4, 5]]))
    (cloud,) = read_clouds(path, mesh_points=10)
    assert "3 faces without area left out" in cloud.notes and len(cloud.points) == 10
    assert read_ply(tmp_path, polygon_file("ascii", [])).notes == ()
    assert read_ply(tmp_path, polygon_file("ascii", [[0, 1]])).notes[-1] == NO_FACES


FACE = "element face 1\nproperty list uchar int vertex_indices\n"
VERTEX = f"element vertex 3\n{XYZ}"
BODY = struct.pack("<9f", *range(9))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("hello\n", "expected a first line 'ply', got 'hello"),
        ("ply\nformat ascii 1.0\n", "expected a line 'end_header', got none"),
        ("ply\nend_header\n", "expected one line 'format' with one of ascii, "),
        (ply(VERTEX, LINES, "binary_middle_endian"), "got 'format binary_middle_endian 1.0'"),
        (
            ply(VERTEX, "1 2 3\n4 5 6\n" + " " * 9),
            "expected 3 records of the element 'vertex', as its header says, got 2",
        ),
        (ply(VERTEX, LINES + "7 8 9\n"), "expected the end of the file after the elements of its header, got 6 more"),
        (ply(VERTEX, "1 2 3\n4 5\n7 8 999\n"), "expected 3 numbers on each line of the element 'vertex', got line 9: "),
        (ply(VERTEX, "1 2 3\n4 5 6 7\n7 8 9\n"), "got line 9: "),
        (ply(VERTEX + "element a 2\nproperty int b\n", LINES + "1\nx\n"), "got line 14: "),
        (ply(VERTEX, "", "binary_little_endian").encode() + BODY[:-1], "at least 36 bytes"),
        (ply(VERTEX, "", "binary_little_endian").encode() + BODY + b"\0", "got 1 more bytes"),
        (ply(VERTEX.replace("3", "1000000000000"), LINES), "expected at least 6,000,000,000,000 bytes"),
        (ply(VERTEX.replace("3", "1001"), "1 2 3\n" * 1001), "has 1,001 points, more than the maximum of 1,000"),
        (ply(VERTEX.replace("3", "0"), ""), "has no points"),
        (ply("element vertex 3\nproperty float x\nproperty float y\n", LINES), "got no z among 'x, y'"),
        (ply("element point 3\n" + XYZ, LINES), "expected one element 'vertex', got 0 among 'point'"),
        (ply(VERTEX + VERTEX, LINES + LINES), "expected one element 'vertex', got 2"),
        (ply(VERTEX + "property float x\n", LINES), "expected one property 'x' of the element 'vertex', got two"),
        (ply(VERTEX + "property real w\n", LINES), "got 'property real w'"),
        (ply(VERTEX + "property list float int w\n", LINES), "got 'property list float int w'"),
        (ply(VERTEX + "elements\n", LINES), "got 'elements'"),
        (ply(VERTEX + FACE, LINES + "3 0 1 3\n"), "the vertices of its faces must be 0 to 2, got 3"),
        (ply(VERTEX + FACE, LINES + "3 0 1 -1\n"), "got -1"),
        (ply(VERTEX + FACE, LINES + "3 0 1\n"), "expected the properties of the element 'face' on each line"),
        (ply(VERTEX + FACE, LINES + "3 0 1 2 4\n"), "expected the properties of the element 'face' on each line"),
        (ply(VERTEX + FACE, LINES + "3 0 1 0.5\n"), "expected whole numbers as the vertices of face, got others"),
        (ply(VERTEX + FACE, LINES + "   \n    \n"), "element 'face'"),
        (ply(VERTEX + "property uchar red\n", "1 2 3 256\n" * 3), "whole numbers from 0 to 255 for the property 'red'"),
        (polygon_file("binary_little_endian", [[0, 1, 2], [0, 1, 2]])[:-1], "got 1;"),
        (polygon_file("binary_little_endian", [[0, 1, 2], [0, 1, 2]]) + b"x", "got 1 more bytes"),
    ],
)
def test_files_that_contradict_themselves_are_refused(content: bytes | str, found: str, tmp_path: Path) -> None:
    with raises(DataError, file=tmp_path / "a.ply") as caught:
        read_ply(tmp_path, content)
    assert found in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("order", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_mutated_files_are_read_or_refused(order: str, tmp_path: Path) -> None:
    content = polygon_file(order, [[0, 1, 2], [0, 2, 3], [0, 3, 4, 5]], flags=True)
    loaded, refused = read_mutants(content, ".ply", 200, tmp_path)
    assert loaded + refused == 200 and loaded > 10 and refused > 10


def test_the_real_file(conclu_data: Path) -> None:
    path = conclu_data / "raw" / "scans" / "flower_pot.ply"
    (cloud,) = read(path, 10_000)
    vertex = plyfile.PlyData.read(str(path))["vertex"]
    assert np.array_equal(cloud.points.astype(np.float32), np.stack([vertex[axis] for axis in "xyz"], axis=1))


@pytest.mark.parametrize("name", ["label", "class", "scalar_Classification", "segment", "part", "category"])
def test_labels_are_integers_of_known_names(name: str, tmp_path: Path) -> None:
    header = f"element vertex 3\n{XYZ}property float {name}\n"
    cloud = read_ply(tmp_path, ply(header, "1 2 3 0\n4 5 6 -1\n7 8 9 40\n"))
    assert cloud.labels is not None and cloud.labels.tolist() == [0, -1, 40] and cloud.x == {}
    cloud = read_ply(tmp_path, ply(header, "1 2 3 0\n4 5 6 0.5\n7 8 9 40\n"))
    assert cloud.labels is None and cloud.x[name].tolist() == [0, 0.5, 40]
