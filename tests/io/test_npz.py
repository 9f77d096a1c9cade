"""Archives of arrays, written by NumPy and as zip files."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from file_mutations import read_with_changed_bytes
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.npz import read

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(20, 3)) + np.array([155_000, 463_000, 2])
OTHER = RNG.normal(size=(20, 3))


def read_one(path: Path) -> FileCloud:
    (cloud,) = read(path, 1000)
    return cloud


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("name", ["points", "pos", "XYZ", "data", "coords", "arr_0", "my_scan"])
def test_the_points_are_found_by_name_or_shape(tmp_path: Path, save: Callable[..., None], name: str) -> None:
    save(tmp_path / "a.npz", **{"rgb": np.full((20, 3), 7, np.uint8), "Label": np.arange(20), name: POINTS})
    cloud = read_one(tmp_path / "a.npz")
    note = f"the points were read from the array {name!r}, the only one of their shape"
    assert np.array_equal(cloud.points, POINTS) and cloud.notes == ((note,) if name == "my_scan" else ())
    assert cloud.x["colors"].dtype == np.uint8 and cloud.x["colors"].shape == (20, 3)
    assert cloud.labels is not None and cloud.labels.tolist() == list(range(20)) and set(cloud.x) == {"colors"}


def test_attributes_keep_their_names(tmp_path: Path) -> None:
    features, normal = RNG.normal(size=(20, 5)), OTHER.astype("f4")
    np.savez(tmp_path / "a.npz", points=POINTS, features=features, normal=normal, intensity=POINTS[:, 0], scale=2.0)
    cloud = read_one(tmp_path / "a.npz")
    assert np.array_equal(cloud.x["features"], features) and np.array_equal(cloud.x["normals"], normal)
    assert np.array_equal(cloud.x["intensity"], POINTS[:, 0]) and cloud.notes == ("arrays were ignored: scale",)


def test_columns_and_records(tmp_path: Path) -> None:
    x, y, z = POINTS.T
    np.savez(tmp_path / "a.npz", z=z, y=y, x=x, red=np.ones(20), label=np.arange(20), other=np.zeros(4))
    cloud = read_one(tmp_path / "a.npz")
    assert np.array_equal(cloud.points, POINTS) and cloud.labels is not None
    assert cloud.notes == ("arrays were ignored: other",)
    records = np.zeros(20, [("x", "f8"), ("y", ">f8"), ("z", "f8")])
    records["x"], records["y"], records["z"] = x, y, z
    np.savez(tmp_path / "a.npz", records)
    assert np.array_equal(read_one(tmp_path / "a.npz").points, POINTS)


def test_several_clouds(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", data=np.stack([POINTS, OTHER]), label=np.arange(40).reshape(2, 20), cls=np.arange(2))
    first, second = read(tmp_path / "a.npz", 1000)
    assert np.array_equal(first.points, POINTS) and np.array_equal(second.points, OTHER)
    assert second.labels is not None and second.labels.tolist() == list(range(20, 40))
    assert first.notes == ("arrays were ignored: cls",)


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"a": POINTS, "b": OTHER},
        {"a": POINTS[:, :2]},
        {"a": POINTS, "b": np.zeros((5, 3))},
        {"x": np.zeros(5), "y": np.zeros(5), "z": np.zeros(6)},
        {"points": POINTS.T},
        {"points": np.zeros((1001, 3))},
    ],
)
def test_other_arrays_are_rejected(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    check_refusal(tmp_path / "a.npz")


def test_pickled_objects_are_rejected(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=np.array([[{}, 1, 2]], object))  # NumPy pickles arrays of objects by default
    check_refusal(tmp_path / "a.npz")


def check_refusal(path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_one(path)
    assert error.value.file.startswith(str(path))
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        npy(POINTS) + b"\0",
        npy(POINTS)[:-1],
        npy(POINTS).replace(b"(20, 3)", b"(21, 3)"),
        npy(POINTS).replace(b"(20, 3)", b"(19, 3)"),
        npy(POINTS).replace(b"(20, 3), }     ", b"(20000000000, 3)}"),
        npy(POINTS)[:20],
        b"",
    ],
)
def test_sizes_that_differ_are_rejected(tmp_path: Path, content: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("points.npy", content)
    with raises(DataError, file=tmp_path / "a.npz"):
        read_one(tmp_path / "a.npz")


def test_a_wrong_checksum_is_rejected(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=POINTS)
    content = (tmp_path / "a.npz").read_bytes()
    value = POINTS[7].tobytes()
    (tmp_path / "a.npz").write_bytes(content.replace(value, value[::-1]))
    with raises(DataError, file=tmp_path / "a.npz"):
        read_one(tmp_path / "a.npz")


def test_archives_of_other_writers(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("read me.txt", "a scan")
        archive.writestr("points.npy", npy(np.asfortranarray(POINTS.astype(">f4"))))
    assert np.array_equal(read_one(tmp_path / "a.npz").points, POINTS.astype("f4"))
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("points.npy", npy(POINTS))
    with raises(DataError, file=tmp_path / "a.npz"):
        read_one(tmp_path / "a.npz")


def test_mutated_files_are_read_or_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, points=POINTS, label=np.arange(20))
    found, refused = read_with_changed_bytes(path, 200, read, lambda cloud: np.array_equal(cloud.points, POINTS))
    assert found > 5 and refused > 5


@pytest.mark.parametrize("other", ["velocity", "colour"])
def test_columns_of_coordinates_come_before_an_array_of_the_shape_of_points(other: str, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(9, 3))
    x, y, z = points.T
    np.savez(tmp_path / "a.npz", x=x, y=y, z=z, **{other: 1 + points})
    (cloud,) = read(tmp_path / "a.npz", 100)
    assert np.array_equal(cloud.points, points)
    np.savez(tmp_path / "b.npz", velocity=points)
    (cloud,) = read(tmp_path / "b.npz", 100)
    assert cloud.notes[0] == "the points were read from the array 'velocity', the only one of their shape"
    np.savez(tmp_path / "c.npz", points=points[:, :2], velocity=points)
    with raises(DataError, file=tmp_path / "c.npz", argument="points"):
        list(read(tmp_path / "c.npz", 100))


def test_encrypted_members_are_rejected_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, points=POINTS)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flags in the archive's list of members
    path.write_bytes(content)
    with raises(DataError, file=path) as caught:
        read_one(path)
    assert "'points.npy' is encrypted" in str(caught.value)
