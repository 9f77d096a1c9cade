"""E57 files, written by pye57 and, field by field, by libE57."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from file_mutations import read_mutants
from helpers import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from conclu_pyg.errors import ConcluError, DataError
from conclu_pyg.io import e57
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.file_cloud import FileCloud

pye57 = pytest.importorskip("pye57", reason="needs pye57, of the extra 'formats'")

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-1, 1, (40, 3))
ROTATION = np.array([0.8, 0.0, 0.6, 0.0])  # w, x, y, z
TRANSLATION = np.array([155_000, 463_000, 2.0])


def columns(points: np.ndarray, prefix: str = "cartesian", names: str = "XYZ") -> dict[str, np.ndarray]:
    return {f"{prefix}{name}": np.ascontiguousarray(points[:, index]) for index, name in enumerate(names)}


class Writer:
    """Scans with any fields, each an array, or an array with the bounds, scale and offset of integers."""

    def __init__(self, path: Path) -> None:
        self.lib = pye57.libe57
        self.file = pye57.E57(str(path), mode="w")
        self.image = self.file.image_file

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: Any) -> None:
        self.file.close()

    def add(self, fields: dict[str, Any], name: str | None = None, pose: Any = None) -> None:
        lib, image = self.lib, self.image
        if any(":" in key for key in fields):
            image.extensionsAdd("nor", "http://www.libe57.org/E57_NOR_surface_normals.txt")
        prototype, buffers, keep = lib.StructureNode(image), lib.VectorSourceDestBuffer(), []
        for key, value in fields.items():
            array, *integer = value if isinstance(value, tuple) else (value,)
            if len(integer) == 4:
                low, high, scale, offset = integer
                node = lib.ScaledIntegerNode(image, 0, minimum=low, maximum=high, scale=scale, offset=offset)
            elif integer:
                node = lib.IntegerNode(image, integer[0], minimum=integer[0], maximum=integer[1])
            else:
                kind = lib.FloatPrecision.E57_SINGLE if array.dtype == np.float32 else lib.FloatPrecision.E57_DOUBLE
                node = lib.FloatNode(image, 0.0, kind)
            prototype.set(key, node)
            array = array.astype(np.longlong) if array.dtype.kind in "iu" and array.itemsize > 2 else array
            keep.append(array)
            buffers.append(lib.SourceDestBuffer(image, key, array, len(array), True, True))
        scan = lib.StructureNode(image)
        scan.set("guid", lib.StringNode(image, "{0}"))
        if name is not None:
            scan.set("name", lib.StringNode(image, name))
        if pose is not None:
            node = lib.StructureNode(image)
            for part, values, axes in zip(("rotation", "translation"), pose, ("wxyz", "xyz"), strict=True):
                if values is not None:
                    inner = lib.StructureNode(image)
                    for axis, number in zip(axes, values, strict=True):
                        inner.set(axis, lib.FloatNode(image, float(number)))
                    node.set(part, inner)
            scan.set("pose", node)
        points = lib.CompressedVectorNode(image, prototype, lib.VectorNode(image, True))
        scan.set("points", points)
        self.file.data3d.append(scan)
        writer = points.writer(buffers)
        writer.write(len(keep[0]))
        writer.close()


def read(path: Path) -> list[FileCloud]:
    return list(e57.read(path, 1000))


def turned(points: np.ndarray) -> np.ndarray:
    w, x, y, z = ROTATION
    axis, sine, cosine = np.array([x, y, z]), 2 * w * np.linalg.norm([x, y, z]), w * w - (x * x + y * y + z * z)
    axis = axis / np.linalg.norm(axis)  # Rodrigues' formula
    crossed = np.cross(np.broadcast_to(axis, points.shape), points)
    return points * cosine + crossed * sine + axis * (points @ axis)[:, None] * (1 - cosine)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.e57"


def test_scans_are_clouds_in_the_order_of_the_file(path: Path) -> None:
    with Writer(path) as file:
        for name in ("hall", "hall", "../etc/x\n", None, "", "é 1"):
            file.add(columns(POINTS + len(name or "")), name)
    found = read(path)
    assert [cloud.name for cloud in found] == ["hall", "hall_0001", "etc_x", "0003", "0004", "é 1"]
    for cloud, length in zip(found, (4, 4, 9, 0, 0, 3), strict=True):
        assert cloud.points.dtype == np.float64 and np.array_equal(cloud.points, POINTS + length)
        assert not cloud.notes and not cloud.x
    assert [cloud.name for cloud in read_clouds(path)][:2] == ["a_hall", "a_hall_0001"]


def test_poses_are_applied_in_double_precision(path: Path) -> None:
    with Writer(path) as file:
        file.add(columns(POINTS), pose=(ROTATION, TRANSLATION))
        file.add(columns(POINTS), pose=(3 * ROTATION / 2, None))
        file.add(columns(POINTS), pose=(None, TRANSLATION))
    both, rotation, translation = read(path)
    assert np.abs(both.points - (turned(POINTS) + TRANSLATION)).max() < 1e-9
    assert np.abs(rotation.points - turned(POINTS)).max() < 1e-15
    assert np.array_equal(translation.points, POINTS + TRANSLATION)
    second = pye57.E57(str(path)).read_scan(0, ignore_missing_fields=True)
    assert np.abs(np.stack([second[f"cartesian{axis}"] for axis in "XYZ"], axis=1) - both.points).max() < 1e-9


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_normals_are_turned_and_not_moved(path: Path, dtype: str) -> None:
    fields = {f"nor:normal{axis}": POINTS[:, index].astype(dtype) for index, axis in enumerate("XYZ")}
    quarter = np.array([np.sqrt(0.5), 0, 0, np.sqrt(0.5)])  # 90 degrees about z
    clouds = []
    for rotation in (quarter, None):
        with Writer(path) as file:
            file.add({**columns(POINTS), **fields}, pose=(rotation, TRANSLATION))
        clouds += read(path)
    about_z, moved = clouds
    expected = np.stack([-POINTS[:, 1], POINTS[:, 0], POINTS[:, 2]], axis=1)
    assert about_z.x["normals"].dtype == dtype and np.abs(about_z.x["normals"] - expected).max() < 1e-6
    assert np.abs(about_z.points - expected - TRANSLATION).max() < 1e-9
    assert np.array_equal(moved.x["normals"], POINTS.astype(dtype))


def test_fields_keep_their_number_types(path: Path) -> None:
    bounds = {"u1": (0, 255), "i1": (-128, 127), "u2": (0, 65535), "i2": (-300, 300), "u4": (0, 2**32 - 1)}
    bounds |= {"i4": (-(2**31), 5), "i8": (-(2**63), 2**63 - 1)}
    fields: dict[str, Any] = columns(POINTS)
    for kind, (low, high) in bounds.items():
        fields[f"field_{kind}"] = (RNG.integers(low, high, 40, dtype=kind, endpoint=True), low, high)
    fields["single"], fields["double"] = POINTS[:, 0].astype("f4"), POINTS[:, 1].copy()
    fields["scaled"] = (np.arange(40) * 0.25 + 7, 0, 1000, 0.25, 7.0)
    with Writer(path) as file:
        file.add(fields)
    (cloud,) = read(path)
    assert list(cloud.x) == [name for name in fields if not name.startswith("cartesian")]
    for name, values in cloud.x.items():
        expected = fields[name][0] if isinstance(fields[name], tuple) else fields[name]
        assert np.array_equal(values, expected)
        assert values.dtype == (np.int64 if name in ("field_u4", "field_i4") else expected.dtype)


def test_colors_normals_intensity_and_labels(path: Path) -> None:
    colors, classes = RNG.integers(0, 65536, (40, 3), dtype=np.uint16), RNG.integers(0, 9, 40, dtype=np.uint8)
    fields = {
        "intensity": (RNG.integers(0, 4096, 40).astype("f8"), 0, 4095, 1.0, 0.0),
        **{f"nor:normal{axis}": POINTS[:, index].astype("f4") for index, axis in enumerate("XYZ")},
        **{f"color{name}": (colors[:, index].copy(), 0, 65535) for index, name in enumerate(("Red", "Green", "Blue"))},
        "classification": (classes, 0, 31),
        **columns(POINTS),
    }
    with Writer(path) as file:
        file.add(fields)
    (cloud,) = read(path)
    assert set(cloud.x) == {"colors", "normals", "intensity"} and np.array_equal(cloud.points, POINTS)
    assert cloud.x["colors"].dtype == np.uint16 and np.array_equal(cloud.x["colors"], colors)
    assert np.array_equal(cloud.x["normals"], POINTS.astype("f4"))
    assert np.array_equal(cloud.x["intensity"], fields["intensity"][0])
    assert cloud.labels is not None and np.array_equal(cloud.labels, classes)


def test_invalid_points_are_left_out_and_the_others_keep_their_rows(path: Path) -> None:
    state = (np.arange(40) % 3).astype(np.uint8)
    with Writer(path) as file:
        file.add({**columns(POINTS), "cartesianInvalidState": (state, 0, 2)}, pose=(ROTATION, TRANSLATION))
    (cloud,) = read_clouds(path)
    assert cloud.rows is not None and np.array_equal(cloud.rows, np.flatnonzero(state == 0)) and cloud.left_out == 26
    assert cloud.notes[0] == "26 points marked as invalid by the scanner"
    expected = (turned(POINTS) + TRANSLATION)[state == 0]
    assert cloud.offset is not None and np.abs(cloud.points + cloud.offset - expected).max() < 1e-6


def test_spherical_coordinates(path: Path) -> None:
    distance = np.linalg.norm(POINTS, axis=1)
    azimuth, elevation = np.arctan2(POINTS[:, 1], POINTS[:, 0]), np.arcsin(POINTS[:, 2] / distance)
    fields = columns(np.stack([distance, azimuth, elevation], axis=1), "spherical", ("Range", "Azimuth", "Elevation"))
    state = (np.arange(40) == 5).astype(np.uint8)
    with Writer(path) as file:
        file.add({**fields, "sphericalInvalidState": (state, 0, 2)})
        file.add({**fields, **columns(POINTS)})
    first, second = read(path)
    assert np.abs(first.points - POINTS)[state == 0].max() < 1e-15 and np.isnan(first.points[5]).all()
    assert first.notes == ("1 point marked as invalid by the scanner", "spherical coordinates were converted")
    assert np.array_equal(second.points, POINTS) and not second.notes


@pytest.mark.parametrize("single", [True, False])
def test_scaled_integers_and_chunks(path: Path, single: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e57, "CHUNK", 7)
    raw = RNG.integers(-1000, 1000, (40, 3))
    fields = {name: (values * 0.001 + 5, -1000, 1000, 0.001, 5.0) for name, values in columns(raw).items()}
    with Writer(path) as file:
        file.add(columns(POINTS.astype("f4")) if single else fields)
    (cloud,) = read(path)
    assert np.array_equal(cloud.points, POINTS.astype("f4") if single else raw * 0.001 + 5)


def test_files_of_pye57(path: Path) -> None:
    with pye57.E57(str(path), mode="w") as file:
        colors = {f"color{name}": RNG.integers(0, 256, 40, dtype=np.uint8) for name in ("Red", "Green", "Blue")}
        file.write_scan_raw({**columns(POINTS), "intensity": np.linspace(0, 1, 40).astype("f4"), **colors}, name="one")
        file.write_scan_raw(columns(POINTS), rotation=ROTATION, translation=TRANSLATION)
    first, second = read(path)
    assert np.abs(first.points - POINTS).max() < 1e-7 and first.x["colors"].dtype == np.uint8
    assert np.array_equal(first.x["colors"], np.stack(list(colors.values()), axis=1))
    assert np.abs(second.points - turned(POINTS) - TRANSLATION).max() < 1e-6


def test_other_files_are_refused(path: Path) -> None:
    with Writer(path) as file:
        file.add({"intensity": POINTS[:, 0].copy(), "cartesianX": POINTS[:, 1].copy()})
    with raises(DataError, file=path) as caught:
        read(path)
    assert "scan 0000: expected the coordinates cartesianX" in str(caught.value)
    with Writer(path):
        pass
    with raises(DataError, file=path, got="none"):
        read(path)
    with Writer(path) as file:
        file.add(columns(np.zeros((1001, 3))))
    with raises(DataError, file=path, got="scan 0000: it has 1,001 points, more than the maximum of 1,000") as caught:
        read(path)
    assert str(caught.value).endswith("; subsample it first.")
    whole = path.read_bytes()
    for data in (whole[:-1024], whole[:-1], whole + bytes(1024), b"hello", b"ASTM-E57" + bytes(2000)):
        path.write_bytes(data)
        with raises(DataError, file=path) as caught:
            list(read_clouds(path))
        assert "cannot be read as an E57 file" in str(caught.value) and path.is_file()


def test_without_pye57_the_error_names_the_extra(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pye57", None)
    with pytest.raises(ConcluError, match=r"pye57 is not installed; run `pip install 'conclu_pyg\[formats\]'`"):
        read(path)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.data())
def test_any_fields_in_any_order(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("e57") / "a.e57"
    scans = []
    with Writer(path) as file:
        for _ in range(data.draw(st.integers(1, 3))):
            size = data.draw(st.integers(1, 30))
            points = np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(size, 3))
            fields: dict[str, Any] = columns(points.astype(data.draw(st.sampled_from(["f4", "f8"]))))
            points = np.stack(list(fields.values()), axis=1)
            for name in data.draw(st.lists(st.sampled_from(["rowIndex", "timeStamp", "echo"]), unique=True)):
                low = data.draw(st.integers(-300, 300))
                high = low + data.draw(st.integers(0, 70_000))
                fields[name] = (np.linspace(low, high, size).astype(np.int64), low, high)
            order = data.draw(st.permutations(list(fields)))
            file.add({name: fields[name] for name in order})
            scans.append((points, fields))
    for cloud, (points, fields) in zip(read(path), scans, strict=True):
        assert np.array_equal(cloud.points, points)
        assert set(cloud.x) == {name for name in fields if not name.startswith("cartesian")}
        assert all(np.array_equal(values, fields[name][0]) for name, values in cloud.x.items())


def test_mutants_are_read_or_refused(path: Path) -> None:
    with Writer(path) as file:
        file.add({**columns(POINTS), "intensity": POINTS[:, 0].astype("f4")}, "hall", (ROTATION, TRANSLATION))
    _, refused = read_mutants(path.read_bytes(), ".e57", 100, path.parent)
    assert refused > 50  # each page has a checksum
