"""Wavefront OBJ files, written by hand and by other libraries."""

import io
from pathlib import Path

import numpy as np
import pytest
import trimesh
from file_mutations import read_mutants
from helpers import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from conclu_pyg.errors import DataError
from conclu_pyg.io import obj, obj_lines
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(40, 3)) + np.array([155_000, 463_000, 2])
SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


def read(path: Path, text: str | bytes) -> FileCloud:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    (cloud,) = obj.read(path, 1000)
    return cloud


def lines(points: np.ndarray, word: str = "v") -> str:
    return "".join(f"{word} {' '.join(repr(float(x)) for x in row)}\n" for row in points)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.obj"


def test_vertices_alone_are_a_cloud_in_the_order_and_precision_of_the_file(path: Path) -> None:
    repeated = np.concatenate([POINTS, POINTS[:3]])
    cloud = read(path, "# from a scanner\no scan\n" + lines(repeated))
    assert cloud.points.dtype == np.float64 and np.array_equal(cloud.points, repeated)
    assert cloud.triangles is None and cloud.notes == (NO_FACES,) and not cloud.x


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text[:-1],
        lambda text: "\ufeff" + text,
        lambda text: text.replace("v ", "  v\t ").replace("\n", " \t\n"),
        lambda text: text.replace("\n", " # a comment \\\n\n"),
        lambda text: text.replace(" ", " \\\n").replace("\n", "\r\n"),
        lambda text: text.replace("v ", "vt 0 0\nvn 0 0 1 \nv ") + "vn 1 0 0\n",
        lambda text: "mtllib ../../none.mtl\n" + text.replace("v ", "g a b\nusemtl x#1\nv ") + "s off\n",
    ],
)
def test_forms_of_lines_do_not_change_the_points(path: Path, change) -> None:
    cloud = read(path, change(lines(POINTS)))
    assert np.array_equal(cloud.points, POINTS) and not cloud.x


def test_colors_normals_and_weights(path: Path) -> None:
    colors = RNG.integers(2, 256, (40, 4))
    cloud = read(path, "".join(f"v 0 0 {i} {r} {g} {b}\n" for i, (r, g, b, _) in enumerate(colors)))
    assert cloud.x["colors"].dtype == np.uint8 and np.array_equal(cloud.x["colors"], colors[:, :3])
    cloud = read(path, lines(np.hstack([POINTS, colors / 255])))
    assert np.array_equal(cloud.points, POINTS) and np.array_equal(cloud.x["colors"], colors / 255)
    normals = "".join(lines(POINTS[i : i + 1]) + f"vn {i} 0 -1.5\n" for i in range(40))
    assert np.array_equal(read(path, normals).x["normals"], [[i, 0, -1.5] for i in range(40)])
    fewer = read(path, lines(POINTS) + "vn 0 0 1\n" * 39)
    assert not fewer.x and fewer.notes == (NO_FACES, "normals were ignored, because there are 39 for 40 vertices")
    ones = lines(np.hstack([POINTS, np.ones((40, 1))]))
    assert read(path, ones).notes == (NO_FACES,)
    assert read(path, ones.replace("1.0\n", "2\n", 1)).notes[1] == "the weights w of the vertices were ignored"
    mixed = read(path, lines(POINTS) + "v 1 2 3 1 0 0\n")
    assert np.array_equal(mixed.points, [*POINTS, [1, 2, 3]]) and not mixed.x and "some vertices" in mixed.notes[1]
    mixed = read(path, "v 1 2 3 1 0 0\n" + lines(POINTS) + "v 3 4 5 1\n")
    assert np.array_equal(mixed.points, [[1, 2, 3], *POINTS, [3, 4, 5]])


@pytest.mark.parametrize(
    "faces",
    [
        "f 1 2 3\nf 1 3 4\n",
        "f 1/1 2/2 3/9\nf  1/1  3/1 4/1 \n",
        "f 1//1 2//-2 3//3\nf 1/1/1 3/-1/1 4/2/2\n",
        "g front\nf -4 -3 -2\nusemtl red\nf -4/-4 -2/-2 -1/-1\n",
        "f 1 2 3 4\n",
        "f 1 \\\n2 3 \\\n 4\n",
        "f 2 3 4 1\nl 1 2\np 1\n",
    ],
)
def test_faces(path: Path, faces: str) -> None:
    for text in (SQUARE + faces, SQUARE + faces.replace("\n", "\r\n")):
        cloud = read(path, text)
        assert cloud.triangles is not None and sorted(np.unique(cloud.triangles)) == [0, 1, 2, 3]
        corners = cloud.points[cloud.triangles]
        areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert areas[:, 2].tolist() == [1, 1]
        assert cloud.notes == (("the elements l, p were ignored",) if "l 1" in faces else ())


def test_negative_numbers_count_from_their_line(path: Path) -> None:
    text = "v 0 0 0\nv 1 0 0\nv 1 1 0\nf -3 -2 -1\nv 0 0 9\nv 1 0 9\nv 1 1 9\nf -3 -2 -1\nf 1 -1 -2\n"
    cloud = read(path, text)
    assert cloud.triangles is not None and cloud.triangles.tolist() == [[0, 1, 2], [3, 4, 5], [0, 5, 4]]


def test_a_face_may_come_before_its_vertices(path: Path) -> None:
    cloud = read(path, "f 1 2 3\n" + SQUARE)
    assert cloud.triangles is not None and cloud.triangles.tolist() == [[0, 1, 2]]


def test_blocks_end_anywhere(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = "".join(f"f {i + 1}/1/{i + 1} {i + 2}/1 \\\n {i + 3} {i + 5}\nf -1 -2 -3\n" for i in range(30))
    text = lines(POINTS[:9]) + "vn 0 0 1\n" + lines(POINTS[9:]) + "# comment \\\n" + faces
    expected = read(path, text)
    for block in (1, 7, 100, 1000):
        monkeypatch.setattr(obj_lines, "BLOCK", block)
        for each in (text, text.replace("\n", "\r\n")):
            cloud = read(path, each)
            assert np.array_equal(cloud.points, POINTS) and np.array_equal(cloud.triangles, expected.triangles)


def test_continued_lines_are_limited(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obj_lines, "BLOCK", 8)
    monkeypatch.setattr(obj_lines, "MAX_LINE", 100)
    assert len(read(path, SQUARE + "v 1 \\\n" + " \\\n" * 25 + "2 3\n").points) == 5
    with raises(DataError, file=path) as caught:
        read(path, SQUARE + "v 1 \\\n" + " \\\n" * 50 + "2 3\n")
    assert "has a line of more than 100 bytes" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "got", "reason"),
    [
        (SQUARE + "f 0 1 2\n", "f 0 1 2", "vertices are counted from 1, or back from -1 to -4"),
        (SQUARE + "f 1 2 -5\n", "f 1 2 -5", ""),
        (SQUARE + "f 1 2 x\n", "f 1 2 x", "expected a face such as 'f 1 2 3'"),
        (SQUARE + "f 1 2 3.5\n", "f 1 2 3.5", ""),
        (SQUARE + "f 1 2 /3\n", "f 1 2 /3", ""),
        (SQUARE + "f 1 2 3/\n", "f 1 2 3/", ""),
        (SQUARE + "f 1/1 2/2 3/1/\n", "f 1/1 2/2 3/1/", ""),
        (SQUARE + "f 1// 2 3\n", "f 1// 2 3", ""),
        (SQUARE + "f 1/2/3/2 2 3\n", "f 1/2/3/2 2 3", ""),
        (SQUARE + "f 1 2 3-4\n", "f 1 2 3-4", ""),
        (SQUARE + "f 1 2 --3\n", "f 1 2 --3", ""),
        (SQUARE + "f 1 2 3-\n", "f 1 2 3-", ""),
        (SQUARE + "f 1 2 9999999999999999999999\n", "f 1 2 9999999999999999999999", ""),
        (SQUARE + "f 1 2 f 3\n", "f 1 2 f 3", ""),
        (SQUARE + "f\n", "f", "no statement of OBJ"),
        ("v 1 2 3\nv 1 2\n", "v 1 2", "expected one of 'v x y z', 'v x y z w'"),
        ("v 1 2 3\nv 1 2 3 4 5\n", "v 1 2 3 4 5", ""),
        ("v 1 2 3\nv 1 2 3 4 5 6 7 8\n", "v 1 2 3 4 5 6 7 8", ""),
        ("v 1 2 3\nv 1 2 x\n", "v 1 2 x", "could not convert string 'x'"),
        ("v 1 2 3\nv 1,0 2,0 3,0\n", "v 1,0 2,0 3,0", ""),
        ("v 1 2 3 1\nv 1 2 3\nv 1 2 q\n", "v 1 2 q", ""),
        ("v 1 2 3\nw 1 2 3\n", "w 1 2 3", "no statement of OBJ"),
        ("v 1 2 3\nv1 2 3\n", "v1 2 3", ""),
        ("1 2 3\n", "1 2 3", ""),
    ],
)
def test_other_lines_are_refused(path: Path, text: str, got: str, reason: str) -> None:
    number = text.count("\n")
    with raises(DataError, file=path, got=got) as caught:
        read(path, text)
    message = str(caught.value)
    assert reason in message and message.startswith(f"{path}: line {number}, '{got}', cannot be read (")
    assert message.endswith(" or leave it out.")
    with raises(DataError, file=path, got=got) as caught:
        read(path, "\n# comment\n" + text.replace("\n", "\r\n"))
    assert f"line {number + 2}," in str(caught.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SQUARE + "f 1 2 5\n", "the vertices of its faces must be 1 to 4, got 5"),
        ("# nothing\nvn 0 0 1\nvt 0 0\n", "has no vertices"),
        ("v 0 0 0\n" * 1001, "more than the maximum of 1,000 vertices"),
        ("v 0 0 0\nvn 0 0 x\n", "its normals cannot be read (line 1: could not convert string 'x'"),
    ],
)
def test_other_files_are_refused(path: Path, text: str, found: str) -> None:
    with raises(DataError, file=path) as caught:
        read(path, text)
    assert found in str(caught.value)


def test_binary_objects_of_compilers_are_refused(path: Path) -> None:
    with raises(DataError, file=path):
        read(path, b"d\x86\x06\x00" + RNG.bytes(999))


def test_no_other_file_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(f"mtllib {path.parent / 'a.mtl'}\n{SQUARE}usemtl a\nf 1 2 3\n")
    opened: list[Path] = []
    original = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *rest, **options: opened.append(self) or original(self, *rest))
    list(obj.read(path, 100))
    assert opened == [path]


def test_meshes_of_trimesh_and_open3d(path: Path) -> None:
    mesh = trimesh.creation.icosphere(2)
    mesh.export(path)
    (cloud,) = obj.read(path, 1000)
    assert np.allclose(cloud.points, mesh.vertices, atol=1e-8) and np.array_equal(cloud.triangles, mesh.faces)
    colors = RNG.integers(0, 256, (40, 4), dtype=np.uint8)
    text = trimesh.exchange.obj.export_obj(trimesh.PointCloud(POINTS, colors=colors))
    cloud = read(path, text)
    assert np.allclose(cloud.points, POINTS, atol=1e-6)
    assert np.allclose(cloud.x["colors"][:, :3], colors[:, :3] / 255, atol=1e-6)
    open3d = pytest.importorskip("open3d", reason="needs Open3D")
    written = open3d.geometry.TriangleMesh.create_torus()
    written.compute_vertex_normals()
    open3d.io.write_triangle_mesh(str(path), written)
    (cloud,) = obj.read(path, 1000)
    assert np.allclose(cloud.points, np.asarray(written.vertices), atol=1e-5)
    assert np.array_equal(cloud.triangles, np.asarray(written.triangles))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.data())
def test_any_statements_in_any_order(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("obj") / "a.obj"
    text, vertices, faces = io.StringIO(), [], []
    numbers = st.floats(-1e6, 1e6, width=32)
    space = st.sampled_from([" ", "  ", "\t", " \\\n"])
    tail = data.draw(st.sampled_from(["", " 1", " 0.5 0.25 1", " 0.5 0.25 1 0"]))
    for _ in range(data.draw(st.integers(3, 12))):
        vertices.append([data.draw(numbers) for _ in range(3)])
        gap = data.draw(space)
        text.write(f"v{gap}{gap.join(map(str, vertices[-1]))}{tail}\n")
        if data.draw(st.booleans()):
            text.write(data.draw(st.sampled_from(["vn 0 0 1\n", "# f 1 2\n", "g x\n", "\n", "vt 0.5 1\n", "s 1\n"])))
        if len(vertices) >= 3 and data.draw(st.booleans()):
            corners = data.draw(st.permutations(range(len(vertices))))[:3]
            form = data.draw(st.sampled_from(["{}", "{}/1", "{}//2", "{}/1/2"]))
            named = [i - len(vertices) if data.draw(st.booleans()) else i + 1 for i in corners]
            text.write("f" + "".join(data.draw(space) + form.format(i) for i in named) + "\n")
            faces.append(corners)
    cloud = read(path, text.getvalue())
    assert np.array_equal(cloud.points, vertices)
    points = np.array(vertices)
    kept = [f for f in faces if np.cross(points[f[1]] - points[f[0]], points[f[2]] - points[f[0]]).any()]
    assert (cloud.triangles is None) == (not faces)
    assert cloud.triangles is None or cloud.triangles.tolist() == kept


CORNERS = st.sampled_from(
    ["1", "23", "007", "-1", "0", "4/5/6", "4//6", "4/5", "4/", "/5", "4//", "4/5/6/7", "", "+1", "1.5"]
)


@given(
    alike=st.booleans(),
    faces=st.lists(st.lists(CORNERS, min_size=1, max_size=4), min_size=1, max_size=4),
    gap=st.sampled_from([" ", "  ", "\t"]),
)
def test_faces_that_are_written_alike_are_parsed_as_others(alike: bool, faces: list[list[str]], gap: str) -> None:
    if alike:
        faces = [faces[0]] * len(faces)
    text = "".join(f"f {gap.join(face)}\n" for face in faces).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(obj_lines, "_parse_equal_faces", lambda text: None)
        expected = obj_lines.parse_faces(text)
    found = obj_lines.parse_faces(text)
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("corner", ["{}", "{}/7", "{}/7/8", "{}//8"])
def test_faces_of_each_form_have_a_fast_path(corner: str) -> None:
    numbers = np.arange(1, 31).reshape(10, 3)
    text = "".join(f"f {' '.join(corner.format(number) for number in face)}\n" for face in numbers).encode()
    found = obj_lines._parse_equal_faces(text)
    assert found is not None
    np.testing.assert_array_equal(found, numbers)


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    valid = (
        "mtllib a.mtl\no a\n"
        + lines(POINTS[:20])
        + "vn 0 0 1\n"
        + "".join(f"f {i}/1/1 {i + 1}/2/1 {i + 2}/3/1\nf {i} {i + 1} {i + 3} {i + 2}\n" for i in range(1, 17))
    )
    read_count, refused = read_mutants(valid.encode(), ".obj", 200, tmp_path)
    assert read_count > 10 and refused > 10


def test_clouds_keep_the_coordinates_of_the_file(path: Path) -> None:
    path.write_text(lines(POINTS))
    (cloud,) = read_clouds(path)
    assert cloud.offset is not None and np.abs(cloud.points + cloud.offset - POINTS).max() < 1e-6
