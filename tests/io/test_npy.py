"""Arrays from .npy files, and errors of other files."""

from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.npy import read, read_npy

CLOUD = np.random.default_rng(0).random((20, 3))


@pytest.mark.parametrize("array", [CLOUD, CLOUD.astype(np.float32), np.asfortranarray(CLOUD), CLOUD[:0]])
def test_reads_saved_arrays(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    read = read_npy(tmp_path / "a.npy")
    assert np.array_equal(read, array) and read.dtype == array.dtype and type(read) is np.ndarray


def test_files_without_an_array_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "sound.npy", CLOUD)
    sound = (tmp_path / "sound.npy").read_bytes()
    np.save(tmp_path / "objects.npy", np.array([{}, None]), allow_pickle=True)
    with (tmp_path / "several.npy").open("wb") as file:
        np.savez(file, a=CLOUD)
    (tmp_path / "folder.npy").mkdir()
    broken = {"empty": b"", "text": b"1 2 3\n", "magic": sound[:6], "header": sound[:40], "truncated": sound[:-1]}
    broken |= {
        "garbled": sound.replace(b"'descr'", b"('descr'"),
        "more": sound + b"\0",
        "twice": sound + sound,
        "claim": sound.replace(b"(20, 3)", b"(2000000000000, 3)"),
    }
    for name, content in broken.items():
        (tmp_path / f"{name}.npy").write_bytes(content)
    for path in (tmp_path / f"{name}.npy" for name in (*broken, "objects", "several", "folder", "missing")):
        with raises(DataError, file=path) as error:
            read_npy(path)
        assert str(error.value).startswith(f"{path} cannot be read as an .npy file (")
        assert str(error.value).endswith("); restore it or remove it from the data set.")


def read_one(path: Path, array: np.ndarray) -> FileCloud:
    np.save(path, array)
    (cloud,) = read(path, 1000)
    return cloud


@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", ">f4", "<f2", ">i4", "<i2", "u1", "<u8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_type_and_order_keeps_its_numbers(tmp_path: Path, kind: str, order: str) -> None:
    points = np.asarray((CLOUD * 100).astype(kind), order=order)
    cloud = read_one(tmp_path / "a.npy", points)
    assert np.array_equal(cloud.points, points) and cloud.points.dtype == np.dtype(kind) and cloud.notes == ()
    assert np.array_equal(read_one(tmp_path / "a.npy", points[::-2]).points, points[::-2])


@pytest.mark.parametrize("align", [False, True])
def test_records_are_read_by_their_fields(tmp_path: Path, align: bool) -> None:
    fields = [("label", "u1"), ("Z", ">f4"), ("x", "f8"), ("Y", "f8"), ("red", "u2"), ("green", "u2"), ("blue", "u2")]
    records = np.zeros(20, np.dtype([*fields, ("name", "U4"), ("time", "f8")], align=align))
    records["x"], records["Y"], records["Z"] = CLOUD.T
    records["label"], records["red"], records["time"] = np.arange(20), 65535, CLOUD[:, 0]
    cloud = read_one(tmp_path / "a.npy", records)
    assert np.array_equal(cloud.points, np.c_[CLOUD[:, :2], CLOUD[:, 2].astype("f4")])
    assert cloud.labels is not None and cloud.labels.tolist() == list(range(20))
    assert cloud.x["colors"].tolist() == [[65535, 0, 0]] * 20 and np.array_equal(cloud.x["time"], CLOUD[:, 0])
    assert cloud.notes == ("fields were ignored: name",)
    assert np.array_equal(read_one(tmp_path / "a.npy", records[:, None]).points, cloud.points)


def test_records_with_a_field_of_points(tmp_path: Path) -> None:
    records = np.zeros((2, 20), [("intensity", "f4"), ("xyz", "f4", 3)])
    records["xyz"], records["intensity"] = CLOUD, 0.5
    np.save(tmp_path / "a.npy", records)
    clouds = list(read(tmp_path / "a.npy", 1000))
    assert len(clouds) == 2 and all(np.array_equal(cloud.points, CLOUD.astype("f4")) for cloud in clouds)
    assert clouds[1].x["intensity"].tolist() == [0.5] * 20


@pytest.mark.parametrize("fields", [["a", "b", "c"], ["x", "y", "t"], ["nx", "ny", "nz"], ["x", "y", "height", "alt"]])
def test_records_without_coordinates_are_rejected(tmp_path: Path, fields: list[str]) -> None:
    with raises(DataError, file=tmp_path / "a.npy"):
        read_one(tmp_path / "a.npy", np.zeros(5, [(name, "f4") for name in fields]))
