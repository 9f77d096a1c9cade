"""glTF files, written byte by byte and by trimesh."""

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from file_mutations import read_mutants
from helpers import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from conclu_pyg.errors import DataError
from conclu_pyg.io import gltf
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud

POINTS = np.random.default_rng(0).uniform(-1, 1, (12, 3)).astype(np.float32)
TRIANGLES = np.array([[0, 1, 2], [3, 4, 5], [9, 10, 11]])
CORNERS = TRIANGLES.ravel()
TYPES = {"i1": 5120, "u1": 5121, "<i2": 5122, "<u2": 5123, "<u4": 5125, "<f4": 5126}
KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}

NEEDS = "it needs the extension '{}', which is not supported"
MESHOPT = "EXT_meshopt_compression"
COMPRESSED = "it is compressed by {}, which is not supported"


class Builder:
    """A file with one buffer, to which arrays are added."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.json: dict[str, Any] = {"asset": {"version": "2.0"}, "bufferViews": [], "accessors": []}

    def view(self, data: bytes, **fields: Any) -> int:
        self.data += bytes(-len(self.data) % 4)
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data), **fields})
        self.data += data
        return len(self.json["bufferViews"]) - 1

    def accessor(self, values: Any, dtype: str, view: bool = True, **fields: Any) -> int:
        array = np.asarray(values).astype(dtype)
        array = array.reshape(len(array), -1)
        if view:
            fields = {"bufferView": self.view(array.tobytes()), **fields}
        kind = {"componentType": TYPES[dtype], "count": len(array), "type": KINDS[array.shape[1]]}
        self.json["accessors"].append({**kind, **fields})
        return len(self.json["accessors"]) - 1

    def add(self, key: str, **fields: Any) -> int:
        self.json.setdefault(key, []).append(fields)
        return len(self.json[key]) - 1

    def mesh(self, points: Any = POINTS, indices: Any = CORNERS, dtype: str = "<u2", **fields: Any) -> int:
        part = {"attributes": {"POSITION": self.accessor(points, "<f4")}, **fields}
        if indices is not None:
            part["indices"] = self.accessor(indices, dtype)
        return self.add("meshes", primitives=[part])

    def show(self, *meshes: int, **fields: Any) -> None:
        for mesh in meshes:
            self.add("nodes", mesh=mesh, **fields)
        self.json["scenes"], self.json["scene"] = [{"nodes": list(range(len(self.json["nodes"])))}], 0

    def glb(self, extra: bytes = b"") -> bytes:
        self.json["buffers"] = [{"byteLength": len(self.data)}]
        text = json.dumps(self.json).encode()
        text += b" " * (-len(text) % 4)
        data = bytes(self.data) + bytes(-len(self.data) % 4)
        chunks = struct.pack("<I", len(text)) + b"JSON" + text + struct.pack("<I", len(data)) + b"BIN\0" + data + extra
        return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks

    def gltf(self, uri: str | None = None) -> bytes:
        uri = uri or "data:application/octet-stream;base64," + base64.b64encode(self.data).decode()
        self.json["buffers"] = [{"byteLength": len(self.data), "uri": uri}]
        return json.dumps(self.json).encode()


def read(path: Path, data: bytes, max_points: int = 1000) -> FileCloud:
    path.write_bytes(data)
    (cloud,) = gltf.read(path, max_points)
    return cloud


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.glb"


def corners(cloud: FileCloud) -> np.ndarray:
    assert cloud.triangles is not None
    return cloud.points[cloud.triangles]


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<u4"])
def test_a_mesh(path: Path, dtype: str) -> None:
    build = Builder()
    build.show(build.mesh(dtype=dtype))
    for data in (build.glb(), build.glb(b"\x04\0\0\0XTRA1234"), build.gltf()):
        cloud = read(path, data)
        assert cloud.points.dtype == np.float32 and np.array_equal(cloud.points, POINTS)
        assert np.array_equal(cloud.triangles, TRIANGLES) and not cloud.notes


def test_buffers_are_read_from_the_folder_of_the_file_only(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    path, build = tmp_path / "in" / "a.gltf", Builder()
    build.show(build.mesh())
    for name in ("in/a b.bin", "in/sub/a.bin", "a.bin"):
        (tmp_path / name).write_bytes(build.data + b"more")
    (tmp_path / "in" / "link.bin").symlink_to(tmp_path / "a.bin")
    for uri in ("a%20b.bin", "sub/a.bin", "./sub/../sub/a.bin"):
        assert np.array_equal(read(path, build.gltf(uri)).points, POINTS)
    outside = (
        "../a.bin",
        "%2e%2e/a.bin",
        str(tmp_path / "a.bin"),
        "link.bin",
        "http://a/b.bin",
        "file:///a.bin",
        "..\\a",
    )
    for uri in (*outside, "none.bin", "sub"):
        with raises(DataError, file=path) as caught:
            read(path, build.gltf(uri))
        assert ("only files of its own folder" in str(caught.value)) == (uri in outside)
    (tmp_path / "in" / "short.bin").write_bytes(build.data[:-1])
    with raises(DataError, got=f"expected a buffer of {len(build.data)} bytes, got {len(build.data) - 1}"):
        read(path, build.gltf("short.bin"))


def test_transforms_and_instances(path: Path) -> None:
    build = Builder()
    mesh = build.mesh()
    turn = [0, 0, np.sqrt(0.5), np.sqrt(0.5)]  # by 90 degrees about z
    build.json["nodes"] = [
        {"translation": [155_000, 463_000, 0], "children": [1, 2], "scale": [2, 3, 4]},
        {"mesh": mesh, "rotation": turn},
        {"mesh": mesh, "matrix": [0, 1, 0, 0, -1, 0, 0, 0, 0, 0, -1, 0, 5, 6, 7, 1], "children": [3]},
        {"mesh": mesh, "translation": [0.5, 0, 0]},
        {"mesh": mesh},  # in no scene
    ]
    build.json["scenes"] = [{"nodes": [4]}, {"nodes": [0]}]
    build.json["scene"] = 1
    cloud = read(path, build.glb())
    turned = np.stack([-POINTS[:, 1], POINTS[:, 0], POINTS[:, 2]], axis=1).astype(np.float64)
    mirrored = turned * [1, 1, -1] + [5, 6, 7]
    moved = mirrored + np.array([0, 0.5, 0])
    expected = np.concatenate([turned, mirrored, moved]) * [2, 3, 4] + [155_000, 463_000, 0]
    assert cloud.points.dtype == np.float64 and np.abs(cloud.points - expected).max() < 1e-7
    assert np.array_equal(cloud.triangles, np.concatenate([TRIANGLES, TRIANGLES + 12, TRIANGLES + 24]))
    assert cloud.notes == ("1 other scene of the file ignored",)
    second = trimesh.load_scene(path, process=False).to_mesh().vertices
    assert np.abs(np.sort(second, axis=0) - np.sort(expected, axis=0)).max() < 0.05  # trimesh rounds to float32


def test_files_without_scenes(path: Path) -> None:
    build = Builder()
    build.mesh()
    assert len(read(path, build.glb()).points) == 12
    build.json["nodes"] = [{"mesh": 0, "translation": [1, 0, 0]}, {"children": [0], "translation": [0, 2, 0]}]
    assert np.allclose(read(path, build.glb()).points, POINTS + np.array([1, 2, 0]))


@pytest.mark.parametrize("with_indices", [True, False])
def test_strips_fans_points_and_lines(path: Path, with_indices: bool) -> None:
    order = np.array([3, 1, 4, 0, 5, 9]) if with_indices else np.arange(6)
    build = Builder()
    meshes = {
        mode: build.mesh(POINTS[: 10 if with_indices else 6], order if with_indices else None, mode=mode)
        for mode in range(7)
    }
    build.show(meshes[5], meshes[6], meshes[4])
    found = corners(read(path, build.glb()))
    strip = [POINTS[order[i : i + 3]] for i in range(4)]
    fan = [POINTS[order[[0, i + 1, i + 2]]] for i in range(4)]
    assert np.array_equal(found, [*strip, *fan, POINTS[order[:3]], POINTS[order[3:]]])
    build.show(meshes[0], meshes[1], meshes[2])
    assert read(path, build.glb()).notes == (
        "1 group of points of a mesh were ignored",
        "2 groups of lines of a mesh were ignored",
    )
    build.json["nodes"] = []
    build.show(meshes[0], meshes[3])
    cloud = read(path, build.glb())
    assert np.array_equal(cloud.points, POINTS[order]) and cloud.triangles is None
    build.json["nodes"] = []
    build.show(meshes[1])
    assert read(path, build.glb()).notes == (NO_FACES,)


def test_attributes_of_points(path: Path) -> None:
    rng = np.random.default_rng(1)
    colors, normals = rng.integers(0, 256, (12, 4)), rng.normal(size=(12, 3))
    build = Builder()
    attributes = {
        "POSITION": build.accessor(POINTS, "<f4"),
        "COLOR_0": build.accessor(colors, "u1", normalized=True),
        "NORMAL": build.accessor(normals, "<f4"),
        "_INTENSITY": build.accessor(np.arange(12), "<u2"),
        "_CLASS": build.accessor(np.arange(12) % 3, "u1"),
        "TEXCOORD_0": build.accessor(POINTS[:, :2], "<f4"),
    }
    build.add("meshes", primitives=[{"mode": 0, "attributes": attributes}])
    build.show(0, scale=[1, 2, 1])
    build.add("nodes", mesh=0)
    build.json["scenes"][0]["nodes"] = [0, 1]
    cloud = read(path, build.glb())
    assert cloud.x["colors"].dtype == np.uint8 and np.array_equal(cloud.x["colors"], np.tile(colors, (2, 1)))
    turned = normals / [1, 2, 1]
    assert np.allclose(cloud.x["normals"][:12], turned / np.linalg.norm(turned, axis=1, keepdims=True), atol=1e-6)
    assert np.allclose(cloud.x["normals"][12:], normals, atol=1e-6)
    assert np.array_equal(cloud.x["intensity"], np.tile(np.arange(12), 2)) and set(cloud.x) == {
        "colors",
        "normals",
        "intensity",
    }
    assert cloud.labels is not None and np.array_equal(cloud.labels, np.tile(np.arange(12) % 3, 2))


@pytest.mark.parametrize("first", [0, 1])
def test_attributes_that_some_parts_lack_are_noted(path: Path, first: int) -> None:
    build = Builder()
    with_all = {
        "POSITION": build.accessor(POINTS, "<f4"),
        "COLOR_0": build.accessor(np.zeros((12, 3)), "u1", normalized=True),
        "_HEIGHT": build.accessor(POINTS[:, 2], "<f4"),
    }
    without_color = {key: value for key, value in with_all.items() if key != "COLOR_0"}
    parts = [{"mode": 0, "attributes": attributes} for attributes in (with_all, without_color)]
    build.add("meshes", primitives=parts[::-1] if first else parts)
    build.show(0)
    cloud = read(path, build.glb())
    assert set(cloud.x) == {"height"} and cloud.notes == ("'COLOR_0' was ignored, because some parts have none",)


@pytest.mark.parametrize("dtype", ["i1", "u1", "<i2", "<u2"])
@pytest.mark.parametrize("normalized", [True, False])
def test_quantized_points(path: Path, dtype: str, normalized: bool) -> None:
    info = np.iinfo(dtype)
    points = np.random.default_rng(0).integers(info.min, info.max, (12, 3), endpoint=True)
    points[0], points[1] = info.min, info.max
    build = Builder()
    position = build.accessor(points, dtype, normalized=normalized)
    build.add("meshes", primitives=[{"mode": 0, "attributes": {"POSITION": position}}])
    build.show(0)
    build.json["extensionsRequired"] = ["KHR_mesh_quantization"]
    expected = np.maximum(points / info.max, -1) if normalized else points
    assert np.array_equal(read(path, build.glb()).points, expected)


def test_interleaved_and_sparse_accessors(path: Path) -> None:
    build = Builder()
    rows = np.zeros(12, [("skip", "<u4"), ("point", "<f4", 3), ("color", "u1", 4)])
    rows["point"], rows["color"] = POINTS, np.arange(48).reshape(12, 4)
    view = build.view(rows.tobytes(), byteStride=rows.itemsize)
    attributes = {
        "POSITION": build.accessor(POINTS, "<f4", bufferView=view, byteOffset=4),
        "COLOR_0": build.accessor(rows["color"], "u1", bufferView=view, byteOffset=16),
    }
    build.add("meshes", primitives=[{"mode": 0, "attributes": attributes}])
    build.show(0)
    cloud = read(path, build.glb())
    assert np.array_equal(cloud.points, POINTS) and np.array_equal(cloud.x["colors"], rows["color"])
    for dtype in ("u1", "<u2", "<u4"):
        for has_view in (True, False):
            build = Builder()
            sparse = {
                "count": 2,
                "indices": {"bufferView": build.view(np.array([3, 7], dtype).tobytes()), "componentType": TYPES[dtype]},
                "values": {"bufferView": build.view(np.array([[1, 2, 3], [4, 5, 6]], "<f4").tobytes())},
            }
            position = build.accessor(POINTS, "<f4", view=has_view, sparse=sparse)
            build.add("meshes", primitives=[{"mode": 0, "attributes": {"POSITION": position}}])
            build.show(0)
            expected = POINTS.copy() if has_view else np.zeros((12, 3))
            expected[[3, 7]] = [[1, 2, 3], [4, 5, 6]]
            assert np.array_equal(read(path, build.glb()).points, expected)


def change(build: Builder, *keys: Any) -> Callable[[Any], None]:
    """Returns a function that sets a value of the JSON."""

    def set_value(value: Any) -> None:
        place = build.json
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return set_value


@pytest.mark.parametrize(
    ("keys", "value", "reason"),
    [
        (("asset", "version"), "1.0", "expected glTF of version 2.0, got '1.0'"),
        (("accessors", 0, "count"), 13, "an accessor of 13 elements ends at byte 156 of a buffer view of 144"),
        (("accessors", 0, "count"), 10**12, "expected an accessor of 1 to 1,000 elements, got 1,000,000,000,000"),
        (("accessors", 0, "count"), True, "expected a number as 'count', got True"),
        (("accessors", 0, "componentType"), 5124, "expected an accessor of VEC3, got type 'VEC3' of 5124"),
        (("accessors", 0, "type"), "VEC2", "expected an accessor of VEC3, got type 'VEC2' of 5126"),
        (("accessors", 0, "bufferView"), 9, "expected one of 2 bufferViews, got number 9"),
        (("accessors", 1, "count"), 8, "expected three indices for each triangle, got 8"),
        (("bufferViews", 0, "byteLength"), 9999, "a buffer view ends at byte 9,999 of a buffer of 162"),
        (("bufferViews", 0, "byteStride"), 4, "expected a byteStride of 12 to 252, got 4"),
        (("bufferViews", 0, "byteOffset"), -4, "expected a number as 'byteOffset', got -4"),
        (("nodes", 0, "children"), [0], "node 0 has several parents, or is below itself"),
        (("scenes", 0, "nodes"), [0, 0], "node 0 has several parents, or is below itself"),
        (("nodes", 0, "children"), [5], "expected one of 1 nodes, got number 5"),
        (("nodes", 0, "matrix"), [1] * 15, "expected 16 numbers as the matrix of a node"),
        (("nodes", 0, "rotation"), [0, 0, 0, 0], "expected a unit quaternion as the rotation of a node"),
        (("nodes", 0, "mesh"), 1, "expected one of 1 meshes, got number 1"),
        (("meshes", 0, "primitives", 0, "mode"), 7, "expected a mode of 0 to 6, got 7"),
        (("extensionsRequired",), ["KHR_draco_mesh_compression"], NEEDS.format("KHR_draco_mesh_compression")),
        (("extensionsUsed",), ["EXT_mesh_gpu_instancing"], NEEDS.format("EXT_mesh_gpu_instancing")),
        (("bufferViews", 0, "extensions"), {MESHOPT: {}}, COMPRESSED.format(MESHOPT)),
        (("scenes", 0, "nodes"), [], "expected a mesh in its scene, got none"),
        (("scene",), 3, "expected one of 1 scenes, got number 3"),
        (("meshes",), 5, "expected a list of meshes"),
    ],
)  # fmt: skip
def test_inconsistent_files_are_refused(path: Path, keys: tuple, value: Any, reason: str) -> None:
    build = Builder()
    build.show(build.mesh())
    change(build, *keys)(value)
    with raises(DataError, file=path, got=reason) as caught:
        read(path, build.glb())
    assert str(caught.value).startswith(f"{path}: {reason}; ") and str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data + b"\0\0\0\0", "bytes by its header, got"),
        (lambda data: data[:-4], "bytes by its header, got"),
        (lambda data: data[:10], "expected a header of 12 bytes"),
        (lambda data: data.replace(b"BIN\0", b"JSON"), "expected a chunk of JSON and then one of binary data"),
        (lambda data: b"hello", "expected JSON"),
        (lambda data: b"[1]", "expected glTF of version 2.0, got None"),
        (lambda data: b'{"asset": ' * 100_000, "expected JSON"),
        (lambda data: data.replace(b"2.0", b"NaN").replace(b'"NaN"', b"NaN  "), "expected JSON (the number NaN)"),
        (lambda data: data[:4] + b"\1" + data[5:], "expected glTF of version 2, got 1"),
    ],
)
def test_damaged_files_are_refused(path: Path, damage: Callable[[bytes], bytes], reason: str) -> None:
    build = Builder()
    build.show(build.mesh())
    with raises(DataError, file=path) as caught:
        read(path, damage(build.glb()))
    assert reason in str(caught.value)


def test_indices_and_sizes_are_checked(path: Path) -> None:
    build = Builder()
    build.show(build.mesh(indices=[0, 1, 12]))
    with raises(DataError, got="the vertices of its faces must be 0 to 11, got 12"):
        read(path, build.glb())
    build = Builder()
    mesh = build.mesh()
    build.show(*[mesh] * 10)
    with raises(DataError, got="it has more than the maximum of 100 points"):
        read(path, build.glb(), 100)
    build = Builder()
    build.show(build.mesh(extensions={"KHR_draco_mesh_compression": {"bufferView": 0}}))
    assert len(read(path, build.glb()).points) == 12  # the compressed points are there in addition
    del build.json["accessors"][0]["bufferView"]
    with raises(DataError, got="it is compressed by KHR_draco_mesh_compression, which is not supported"):
        read(path, build.glb())


def test_placed_primitives_are_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gltf, "MAX_PRIMITIVES", 12)
    for attributes in ({}, {"POSITION": 0}):
        for nodes in (4, 5):
            build = Builder()
            build.show(build.mesh())
            mesh = build.add("meshes", primitives=[{"attributes": attributes, "mode": 0}] * 3)
            build.show(*[mesh] * (nodes - 1))
            if nodes == 4:
                assert len(read(path, build.glb()).points) == 12
                continue
            with raises(DataError, got="its nodes show more than the maximum of 12 primitives"):
                read(path, build.glb())


@pytest.mark.parametrize("in_folder", [True, False])
def test_zeros_of_sparse_accessors_are_limited_by_the_size_of_the_file(path: Path, in_folder: bool) -> None:
    build = Builder()
    sparse = {
        "count": 1,
        "indices": {"bufferView": build.view(b"\3"), "componentType": TYPES["u1"]},
        "values": {"bufferView": build.view(np.ones(3, "<f4").tobytes())},
    }
    build.view(bytes(2000))
    build.accessor(np.zeros((2000, 3)), "<f4", view=False, sparse=sparse)
    build.add("meshes", primitives=[{"mode": 0, "attributes": {"POSITION": 0}}])
    build.show(0)
    (path.parent / "a.bin").write_bytes(build.data)
    data = build.gltf("a.bin") if in_folder else build.glb()
    assert np.array_equal(np.flatnonzero(read(path, data, 10**6).points.any(axis=1)), [3])
    build.json["accessors"][0]["count"] = 10_000
    with raises(DataError) as caught:
        read(path, build.gltf("a.bin") if in_folder else build.glb(), 10**6)
    assert "elements in a sparse accessor without data, got 10,000" in str(caught.value)


def test_skins_and_morph_targets_are_noted(path: Path) -> None:
    build = Builder()
    mesh = build.mesh()
    build.show(mesh, skin=0, translation=[5, 0, 0], weights=[0.5])
    cloud = read(path, build.glb())
    assert np.array_equal(cloud.points, POINTS) and cloud.notes == ("morph targets were ignored", "skins were ignored")


def test_files_of_trimesh(path: Path) -> None:
    scene = trimesh.Scene()
    sphere = trimesh.creation.icosphere(1)
    for index in range(3):
        transform = trimesh.transformations.rotation_matrix(index, [1, 2, 3], [index, 0, 1])
        scene.add_geometry(sphere, geom_name="ball", node_name=f"n{index}", transform=transform)
    for kind in ("glb", "gltf"):
        data = scene.export(file_type=kind)
        if isinstance(data, dict):
            for name, content in data.items():
                (path.parent / name).write_bytes(content)
            (cloud,) = gltf.read(path.parent / "model.gltf", 1000)
        else:
            cloud = read(path, data)
        expected = scene.to_mesh()
        assert np.abs(cloud.points - expected.vertices).max() < 1e-6
        assert np.abs(corners(cloud) - expected.triangles).max() < 1e-6
    colors = np.random.default_rng(0).integers(0, 256, (12, 4), dtype=np.uint8)
    cloud = read(path, trimesh.Scene(trimesh.PointCloud(POINTS, colors=colors)).export(file_type="glb"))
    assert np.array_equal(cloud.points, POINTS) and np.array_equal(cloud.x["colors"], colors)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.data())
def test_any_layout(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path, build = tmp_path_factory.mktemp("gltf") / "a.gltf", Builder()
    points, triangles, first = [], [], 0
    for _ in range(data.draw(st.integers(1, 4))):
        count = data.draw(st.integers(3, 9))
        part = np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(count, 3)).astype(np.float32)
        stride, offset = data.draw(st.sampled_from([12, 16, 20, 252])), data.draw(st.sampled_from([0, 4, 12]))
        rows = np.zeros((count, stride), np.uint8)
        rows[:, :12] = part.view(np.uint8)
        view = build.view(bytes(offset) + rows.tobytes()[: stride * (count - 1) + 12], byteStride=stride)
        position = build.accessor(part, "<f4", view=False, bufferView=view, byteOffset=offset)
        faces = np.array(data.draw(st.lists(st.permutations(range(3)), min_size=1, max_size=5)))
        indices = build.accessor(faces.ravel(), data.draw(st.sampled_from(["u1", "<u2", "<u4"])))
        mesh = build.add("meshes", primitives=[{"attributes": {"POSITION": position}, "indices": indices}])
        scale, move = data.draw(st.sampled_from([1, 2, -0.5])), data.draw(st.sampled_from([0, 3, 1024]))
        build.show(mesh, scale=[scale] * 3, translation=[move, 0, 0])
        points.append(part.astype(np.float64) * scale + [move, 0, 0])
        triangles.append(faces + first)
        first += count
    cloud = read(path, data.draw(st.sampled_from([build.glb, build.gltf]))())
    assert np.array_equal(cloud.points, np.concatenate(points))
    assert np.array_equal(cloud.triangles, np.concatenate(triangles))


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    build = Builder()
    build.show(build.mesh(), translation=[1, 2, 3])
    for data, suffix in ((build.glb(), ".glb"), (build.gltf(), ".gltf")):
        read_count, refused = read_mutants(data, suffix, 100, tmp_path)
        assert read_count and refused > 5
