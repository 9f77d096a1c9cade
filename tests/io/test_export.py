"""Written clouds, read back by the readers of the package and by the libraries of the formats."""

from pathlib import Path
from typing import Any

import laspy
import numpy as np
import plyfile
import pytest
from helpers import raises
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conclu_pyg.errors import DataError
from conclu_pyg.io import Cloud, read_clouds, write_cloud

N = 40
RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(N, 3)).astype(np.float32)
OFFSET = np.array([155_012.34, 463_001.5, 2.25])
LABELS = RNG.integers(0, 20, N)
X = {
    "colors": RNG.integers(0, 256, (N, 3), dtype=np.uint8),
    "normals": RNG.normal(size=(N, 3)),
    "intensity": RNG.integers(0, 2**16, N, dtype=np.uint16),
    "my time": RNG.normal(size=N),
    "features": RNG.normal(size=(N, 2)).astype(np.float32),
}


def cloud_of(**changes: Any) -> Cloud:
    fields = {"name": "a", "points": POINTS, "offset": OFFSET, "x": X, "labels": LABELS}
    return Cloud(**{**fields, **changes})


def coordinates(cloud: Cloud) -> np.ndarray:
    return cloud.points.astype(np.float64) + (0 if cloud.offset is None else cloud.offset)


def read_back(path: Path, cloud: Cloud) -> Cloud:
    write_cloud(path, cloud)
    (found,) = read_clouds(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    return found


def test_ply_keeps_all(tmp_path: Path) -> None:
    back = read_back(tmp_path / "a.ply", cloud_of())
    assert back.labels is not None and np.array_equal(back.labels, LABELS)
    assert back.offset is not None and np.abs(coordinates(back) - (POINTS + OFFSET)).max() < 5e-7
    assert back.x["colors"].dtype == np.uint8 and all(
        np.array_equal(back.x[name], X[name]) for name in ("colors", "normals")
    )
    vertex = plyfile.PlyData.read(tmp_path / "a.ply")["vertex"]
    found = np.stack([vertex[axis] for axis in "xyz"], axis=1)
    assert found.dtype == np.float64 and np.array_equal(found, POINTS + OFFSET)
    assert np.array_equal(np.stack([vertex[name] for name in ("red", "green", "blue")], axis=1), X["colors"])
    assert np.array_equal(np.stack([vertex[name] for name in ("nx", "ny", "nz")], axis=1), X["normals"])
    assert np.array_equal(vertex["label"], LABELS) and np.array_equal(vertex["my_time"], X["my time"])
    assert vertex["intensity"].dtype == np.uint16 and np.array_equal(vertex["intensity"], X["intensity"])
    assert np.array_equal(vertex["features_1"], X["features"][:, 1]) and vertex["features_1"].dtype == np.float32


def test_ply_is_in_single_precision_where_that_holds_the_points(tmp_path: Path) -> None:
    for points, kind in ((POINTS, "f4"), (POINTS.astype(np.float64), "f4"), (POINTS + OFFSET, "f8")):
        write_cloud(tmp_path / "a.ply", cloud_of(points=points, offset=None))
        assert plyfile.PlyData.read(tmp_path / "a.ply")["vertex"]["x"].dtype == np.dtype(kind)


@pytest.mark.parametrize("suffix", [".las", ".LAZ"])
def test_las_keeps_all(tmp_path: Path, suffix: str) -> None:
    found = read_back(tmp_path / f"a{suffix}", cloud_of())
    assert found.offset is not None and np.abs(coordinates(found) - (POINTS + OFFSET)).max() < 2e-7
    assert found.labels is not None and np.array_equal(found.labels, LABELS)
    assert np.array_equal(found.x["colors"], X["colors"].astype(np.uint16) * 257)
    assert np.array_equal(found.x["normals"], X["normals"]) and np.array_equal(found.x["my time"], X["my time"])
    assert np.array_equal(found.x["intensity"], X["intensity"])
    assert np.array_equal(found.x["features_0"], X["features"][:, 0])
    las = laspy.read(tmp_path / f"a{suffix}")
    assert np.abs(las.xyz - (POINTS + OFFSET)).max() < 1e-8 and np.array_equal(las.classification, LABELS)
    assert np.abs(las.header.maxs - (POINTS + OFFSET).max(axis=0)).max() < 1e-8


def test_las_restores_the_numbers_of_a_scan(tmp_path: Path) -> None:
    integers = RNG.integers(-(10**6), 10**6, (500, 3))
    las = laspy.LasData(laspy.LasHeader(point_format=1, version="1.2"))
    las.header.scales, las.header.offsets = [0.001] * 3, [155_000, 463_000, 0]
    las.xyz = integers * 0.001 + las.header.offsets
    las.gps_time, las.user_data = RNG.uniform(0, 1e6, 500), np.full(500, 3, np.uint8)
    las.write(tmp_path / "a.las")
    (cloud,) = read_clouds(tmp_path / "a.las")
    write_cloud(tmp_path / "b.las", cloud)
    again = laspy.read(tmp_path / "b.las")
    assert np.abs(again.xyz - las.xyz).max() < 1e-4 and np.array_equal(again.gps_time, las.gps_time)
    exact = cloud_of(points=las.xyz.astype(np.float64), offset=None, x={}, labels=None)
    write_cloud(tmp_path / "c.las", exact)
    assert np.abs(laspy.read(tmp_path / "c.las").xyz - las.xyz).max() < 1e-9


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": np.full(N, -1)},
        {"labels": np.full(N, 256)},
        {"x": {"intensity": np.full(N, 70_000)}},
        {"x": {"intensity": np.full(N, 0.5)}},
        {"x": {"intensity": np.full(N, -1)}},
        {"x": {"colors": np.full((N, 3), 1.5)}},
        {"x": {"colors": np.full((N, 3), -1)}},
        {"x": {"return_number": np.full(N, 99)}},
        {"x": {"n" * 33: np.zeros(N)}},
    ],
)
def test_las_refuses_what_it_cannot_hold(tmp_path: Path, changes: dict[str, Any]) -> None:
    with raises(DataError, file=tmp_path / "a.las"):
        write_cloud(tmp_path / "a.las", cloud_of(**changes))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("colors", "expected"), [(np.float32(1), 65535), (np.float64(0), 0), (np.uint16(300), 300)])
def test_las_scales_colors(tmp_path: Path, colors: np.generic, expected: int) -> None:
    write_cloud(tmp_path / "a.las", cloud_of(x={"colors": np.full((N, 4), colors)}))
    assert (laspy.read(tmp_path / "a.las").red == expected).all()


def test_npz_keeps_all(tmp_path: Path) -> None:
    found = read_back(tmp_path / "a.npz", cloud_of(x={**X, "file": np.arange(N)}))
    assert np.abs(coordinates(found) - (POINTS + OFFSET)).max() < 2e-7
    assert found.labels is not None and np.array_equal(found.labels, LABELS)
    assert {name: values.dtype for name, values in found.x.items()} == {
        **{name: values.dtype for name, values in X.items()},
        "file": LABELS.dtype,
    }
    assert all(np.array_equal(found.x[name], X[name]) for name in X)
    with np.load(tmp_path / "a.npz") as archive:
        assert np.array_equal(archive["points"], POINTS + OFFSET) and np.array_equal(archive["my time"], X["my time"])


@pytest.mark.parametrize("suffix", [".ply", ".las", ".npz"])
def test_a_cloud_without_attributes(tmp_path: Path, suffix: str) -> None:
    cloud = cloud_of(offset=None, x={}, labels=None)
    write_cloud(tmp_path / f"a{suffix}", cloud)
    (found,) = read_clouds(tmp_path / f"a{suffix}")
    assert np.abs(coordinates(found) - POINTS).max() < 1e-8 and not found.x and found.labels is None


def test_names_that_clash_or_cannot_be_written(tmp_path: Path) -> None:
    x = {"x": np.zeros(N), "label": np.ones(N), "a b": np.zeros(N), "a_b": np.ones(N), "\n": np.zeros(N)}
    write_cloud(tmp_path / "a.ply", cloud_of(x=x))
    vertex = plyfile.PlyData.read(tmp_path / "a.ply")["vertex"]
    assert vertex.data.dtype.names == ("x", "y", "z", "label", "x_", "label_", "a_b", "a_b_", "_")
    assert np.array_equal(vertex["label"], LABELS) and (vertex["a_b_"] == 1).all()
    for name in ("points", "labels"):
        with raises(DataError, argument=name):
            write_cloud(tmp_path / "a.npz", cloud_of(x={name: np.zeros(N)}))
    with raises(DataError, argument="big"):
        write_cloud(tmp_path / "a.ply", cloud_of(x={"big": np.full(N, 2**60)}))


def test_other_suffixes_are_rejected(tmp_path: Path) -> None:
    for name in ("a.obj", "a"):
        with raises(DataError, file=tmp_path / name, got=Path(name).suffix):
            write_cloud(tmp_path / name, cloud_of())


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(-12, 12), st.integers(-12, 12), st.integers(0, 2**32 - 1))
def test_las_resolves_clouds_of_any_size_and_place(tmp_path: Path, size: int, place: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (20, 3)) * 10.0**size + rng.uniform(-1, 1, 3) * 10.0**place
    write_cloud(tmp_path / "a.las", cloud_of(points=points, offset=None, x={}, labels=None))
    found = laspy.read(tmp_path / "a.las").xyz
    rounding = 4 * np.finfo(np.float64).eps * np.abs(points).max()
    assert (np.abs(found - points) <= 3e-9 * np.ptp(points, axis=0) + rounding).all()


@pytest.mark.parametrize("suffix", [".ply", ".las", ".npz"])
def test_points_that_no_reader_would_give_back_are_refused(suffix: str, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    broken = points.copy()
    broken[1, 1] = np.nan
    path = tmp_path / f"a{suffix}"
    for cloud in (Cloud("a", points[:0]), Cloud("a", broken), Cloud("a", points, labels=np.arange(4))):
        with raises(DataError, file=path):
            write_cloud(path, cloud)
    assert not path.exists()


def test_an_attribute_that_is_named_label_does_not_replace_the_labels(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    cloud = Cloud("a", points, x={"label": np.full(5, 7)}, labels=np.full(5, 2))
    write_cloud(tmp_path / "a.npz", cloud)
    (back,) = read_clouds(tmp_path / "a.npz")
    assert back.labels is not None and back.labels.tolist() == [2] * 5 and back.x["label"].tolist() == [7] * 5


def test_a_color_channel_of_zeros_stays_in_las(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    write_cloud(
        tmp_path / "a.las", Cloud("a", points, x={"colors": np.tile(np.array([0, 128, 255], np.uint8), (5, 1))})
    )
    (back,) = read_clouds(tmp_path / "a.las")
    assert set(back.x) == {"colors"} and back.x["colors"].tolist() == [[0, 128 * 257, 65535]] * 5
