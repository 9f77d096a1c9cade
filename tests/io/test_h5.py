"""The h5 reader, which checks shapes, types and labels before it reads large arrays."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io import h5
from conclu_pyg.io.h5 import H5Clouds


def write(folder: Path, **datasets: Any) -> Path:
    path = folder / "clouds.h5"
    with h5py.File(path, "w") as file:
        for key, value in datasets.items():
            file[key] = value
    return path


@pytest.mark.parametrize("kind", ["f4", "f8", "i4", "u2"])
@pytest.mark.parametrize("label_shape", [(5,), (5, 1)])
def test_reads_every_cloud_in_order(tmp_path: Path, monkeypatch: Any, kind: str, label_shape: tuple[int, ...]) -> None:
    data = np.arange(5 * 4 * 3).reshape(5, 4, 3).astype(kind)
    path = write(tmp_path, data=data, label=np.arange(5, dtype="u1").reshape(label_shape))
    monkeypatch.setattr(h5, "BLOCK_BYTES", 2 * data[0].nbytes)  # several blocks, the last one short
    clouds = H5Clouds(path, 5)
    assert len(clouds) == 5 and clouds.num_points == 4 and clouds.labels.dtype == np.int64
    assert clouds.labels.tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(np.stack(list(clouds)), data)
    assert np.array_equal(clouds.read(slice(None, None, 2)), data[::2])


GOOD = np.zeros((2, 4, 3), "f4")
LABEL = np.zeros(2, "i8")


@pytest.mark.parametrize(
    ("datasets", "got"),
    [({}, "nothing"), ({"data": GOOD}, "'data'"), ({"points": GOOD, "label": LABEL}, "'label', 'points'")],
)
def test_refuses_a_file_without_the_data_sets(tmp_path: Path, datasets: dict[str, Any], got: str) -> None:
    path = write(tmp_path, **datasets)
    with raises(DataError, file=path, got=got):
        H5Clouds(path, 3)


@pytest.mark.parametrize(
    ("argument", "array"),
    [
        ("data", GOOD[0]),
        ("data", GOOD[..., :2]),
        ("data", GOOD[:, :0]),
        ("data", np.full((2, 4, 3), b"x")),
        ("label", LABEL[:1]),
        ("label", np.zeros((2, 2), "i8")),
        ("label", np.array([b"a", b"b"])),
    ],
)
def test_refuses_other_shapes_and_types(tmp_path: Path, argument: str, array: np.ndarray) -> None:
    path = write(tmp_path, **{"data": GOOD, "label": LABEL, argument: array})
    with raises(DataError, file=path, argument=argument, got=(array.dtype, array.shape)):
        H5Clouds(path, 3)


@pytest.mark.parametrize(("labels", "got"), [([0, 7], 7), ([-1, 0], -1), ([0.5, 0], 0.5), ([0, np.nan], float("nan"))])
def test_refuses_labels_without_a_class(tmp_path: Path, labels: list[float], got: float) -> None:
    path = write(tmp_path, data=GOOD, label=np.array(labels))
    with raises(DataError, file=path, argument="label", got=got):
        H5Clouds(path, 3)


@pytest.mark.parametrize(
    ("datasets", "text"),
    [
        ({"data": GOOD}, ": expected the data sets 'data' and 'label', got 'data'; "),
        (
            {"data": GOOD[0], "label": LABEL},
            ": 'data' must hold numbers of shape [clouds, points, 3] with points > 0, got float32 [4, 3]; ",
        ),
        (
            {"data": GOOD, "label": LABEL[:1]},
            ": 'label' must hold one integer for each of the 2 clouds in 'data', got int64 [1]; ",
        ),
        (
            {"data": GOOD, "label": np.array([0, 7])},
            ": cloud 1 has the label 7, but labels must be 0 to 2 (3 class names in shape_names.txt); 1 of 2 labels "
            "are out of range. List the names of all classes in shape_names.txt, or ",
        ),
    ],
)
def test_refuses_in_one_sentence(tmp_path: Path, datasets: dict[str, Any], text: str) -> None:
    path = write(tmp_path, **datasets)
    with pytest.raises(DataError) as caught:
        H5Clouds(path, 3)
    assert str(caught.value) == f"{path}{text}restore the file or remove it from the list."


def test_refuses_a_missing_truncated_or_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "clouds.h5"
    with pytest.raises(DataError, match="there is no file"):
        H5Clouds(path, 3)
    path.write_text("not an h5 file at all")
    with pytest.raises(DataError, match="truncated, damaged or not an h5 file"):
        H5Clouds(path, 3)
    whole = write(tmp_path, data=np.zeros((20, 50, 3)), label=np.zeros(20, "i8")).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with raises(DataError, file=path):
        H5Clouds(path, 3)


def test_a_file_that_is_open_elsewhere_is_not_called_damaged(tmp_path: Path) -> None:
    path = write(tmp_path, data=np.zeros((20, 50, 3)), label=np.zeros(20, "i8"))
    with h5py.File(path, "r", locking=True), pytest.raises(DataError, match="is already open in this process"):
        H5Clouds(path, 3)
    assert len(H5Clouds(path, 3)) == 20


def test_refuses_damage_that_shows_while_reading(tmp_path: Path) -> None:
    path = tmp_path / "clouds.h5"
    with h5py.File(path, "w") as file:
        noise = np.random.default_rng(0).random((64, 100, 3))
        file.create_dataset("data", data=noise, compression="gzip", chunks=(8, 100, 3))
        file["label"] = np.zeros(64, "i8")
        offset = file["data"].id.get_chunk_info(5).byte_offset
    raw = bytearray(path.read_bytes())
    raw[offset : offset + 64] = b"\xff" * 64
    path.write_bytes(raw)
    clouds = H5Clouds(path, 3)
    with raises(DataError, file=path):
        list(clouds)


def test_refuses_claims_that_no_file_of_this_size_can_hold(tmp_path: Path) -> None:
    path = tmp_path / "clouds.h5"
    with h5py.File(path, "w") as file:  # chunks that were never written take no room
        file.create_dataset("data", shape=(10**6, 10**6, 3), dtype="f4", chunks=(1, 1024, 3))
        file["label"] = LABEL
    with pytest.raises(DataError, match="claims 12,000,000,000,000 bytes"):
        H5Clouds(path, 3)


def test_does_not_follow_links_into_other_files(tmp_path: Path) -> None:
    secret = write(tmp_path, data=GOOD, label=LABEL).rename(tmp_path / "other.h5")
    path = tmp_path / "clouds.h5"
    with h5py.File(path, "w") as file:
        file["data"] = h5py.ExternalLink(secret.name, "/data")
        file["label"] = LABEL
    with raises(DataError, file=path, got="'data', 'label'"):
        H5Clouds(path, 3)
    with h5py.File(path, "w") as file:
        layout = h5py.VirtualLayout(shape=GOOD.shape, dtype="f4")
        layout[...] = h5py.VirtualSource(secret.name, "data", shape=GOOD.shape)
        file.create_virtual_dataset("data", layout)
        file["label"] = LABEL
    with pytest.raises(DataError, match="is stored in other files"):
        H5Clouds(path, 3)


def test_reads_parts_in_order(tmp_path: Path, monkeypatch: Any) -> None:
    pid = np.arange(20).reshape(5, 4).astype("u1")
    path = write(tmp_path, data=np.zeros((5, 4, 3), "f4"), label=np.zeros(5, "u1"), pid=pid)
    monkeypatch.setattr(h5, "BLOCK_BYTES", 30)
    assert np.array_equal(np.stack(list(H5Clouds(path, 1, parts=True).part())), pid)


def test_parts_may_not_claim_more_than_the_file_holds(tmp_path: Path) -> None:
    path = write(tmp_path, data=GOOD, label=LABEL)
    with h5py.File(path, "r+") as file:
        file.create_dataset("pid", shape=(1 << 20, 1 << 10), dtype="u1", chunks=(1, 1 << 10))
    with raises(DataError, file=path, argument="pid", got=1 << 30):
        H5Clouds(path, 1, parts=True)
    H5Clouds(path, 1)


@pytest.mark.parametrize("name", ["points", "scan/cloud 1", "a/b/c"])
def test_the_only_data_set_of_points_is_read(tmp_path: Path, name: str) -> None:
    points = np.random.default_rng(0).normal(size=(9, 3))
    path = write(tmp_path, **{name: points, "colors": np.zeros((9, 4)), "times": np.zeros(9)})
    (cloud,) = h5.read(path, 100)
    assert np.array_equal(cloud.points, points) and cloud.notes == (f"the points were read from '{name}'",)


@pytest.mark.parametrize("name", ["data", "points"])
def test_columns_after_the_third_are_noted(tmp_path: Path, name: str) -> None:
    table = np.random.default_rng(0).normal(size=(2, 9, 3))
    clouds = list(h5.read(write(tmp_path, **{name: table}), 100))
    assert [cloud.points.tolist() for cloud in clouds] == table.tolist()
    (cloud,) = h5.read(write(tmp_path, data=np.ones((9, 6))), 100)
    assert cloud.points.shape == (9, 3) and cloud.notes == ("columns after the third were ignored",)


def test_clouds_are_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 decompresses a chunk for each read, so that the reads are counted."""
    rng = np.random.default_rng(0)
    data, pid = rng.normal(size=(50, 4, 5)).astype("f4"), rng.integers(0, 9, (50, 4)).astype("u1")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", data=data, chunks=data.shape, compression="gzip")
        file["pid"] = pid
    reads: list[str] = []
    get = h5py.Dataset.__getitem__

    def count(dataset: h5py.Dataset, *args: Any) -> Any:
        reads.append(dataset.name)
        return get(dataset, *args)

    monkeypatch.setattr(h5py.Dataset, "__getitem__", count)
    monkeypatch.setattr(h5, "BLOCK_BYTES", 20 * 4 * 3 * 4)  # 20 clouds
    clouds = list(h5.read(tmp_path / "a.h5", 100))
    assert sorted(reads) == ["/data"] * 3 + ["/pid"] * 3
    assert np.array_equal([cloud.points for cloud in clouds], data[..., :3])
    assert np.array_equal([cloud.labels for cloud in clouds], pid)


def test_a_compression_that_is_not_installed_is_named(tmp_path: Path) -> None:
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((10, 3))
    plan.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1,))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        space = h5py.h5s.create_simple((20, 3))
        h5py.h5d.create(file.id, b"data", h5py.h5t.IEEE_F64LE, space, plan)
    with raises(DataError, file=tmp_path / "a.h5", argument="data", got="filter 32001") as error:
        next(h5.read(tmp_path / "a.h5", 100))
    assert "is compressed by filter 32001, which is not installed" in str(error.value)
