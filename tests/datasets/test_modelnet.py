"""ModelNet, from a folder to batches."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from helpers import raises

from conclu_pyg import DATASETS
from conclu_pyg.datasets.modelnet import ModelNet
from conclu_pyg.errors import ArgumentError, ConcluWarning, DataError

MESH = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 2 0\n0 0 3\n3 0 1 2\n3 0 1 3\n3 0 2 3\n3 1 2 3\n"


@pytest.fixture
def build(tmp_path: Path) -> Any:
    """Builds ModelNet as a config does, from ``tmp_path / "data"`` by default."""

    def build(**arguments: Any) -> ModelNet:
        defaults = {"dataset_path": str(tmp_path / "data"), "cache_dir": str(tmp_path / "cache"), "transform": []}
        return DATASETS.build({"name": "ModelNet", **defaults, **arguments})

    return build


def write_meshes(folder: Path, classes: int = 3) -> None:
    for label in range(classes):
        for split, number in (("train", 1), ("train", 2), ("test", 3)):
            path = folder / f"class{label:02d}" / split / f"class{label:02d}_{number:04d}.off"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(MESH)


def test_meshes_to_batches(build: Any, tmp_path: Path) -> None:
    write_meshes(tmp_path / "data")
    dataset = build(num_points=50)
    assert dataset.splits == ("train", "test") and dataset.up_axis == 2 and dataset.num_parts == 0
    assert dataset.label_to_names == {0: "class00", 1: "class01", 2: "class02"} and dataset.name == "ModelNet"
    train = dataset.get_split("train")
    assert len(train) == 6 and train.y.tolist() == [0, 0, 1, 1, 2, 2] and train.names[1] == "class00/class00_0002"
    loader: Any = torch.utils.data.DataLoader(train, batch_size=4, collate_fn=lambda batch: batch)
    batch = next(iter(loader))
    assert batch.pos.shape == (200, 3) and batch.y.tolist() == [0, 0, 1, 1] and batch.pos.dtype == torch.float32
    assert len(dataset.get_split("test")) == 3
    with raises(DataError, argument="split", got="validation"):
        dataset.get_split("validation")


def test_a_shape_s_points_do_not_depend_on_the_others(build: Any, tmp_path: Path) -> None:
    write_meshes(tmp_path / "data")
    before = np.array(build(num_points=50).get_split("train").pos)
    (tmp_path / "data" / "class00" / "train" / "class00_0001.off").unlink()
    after = build(num_points=50).get_split("train").pos
    assert np.array_equal(after, before[1:])
    assert not np.array_equal(build(num_points=50, seed=1).get_split("train").pos, after)


@pytest.mark.parametrize(("classes", "name"), [(10, "ModelNet10"), (40, "ModelNet40"), (11, "ModelNet")])
def test_is_named_by_its_classes(build: Any, tmp_path: Path, classes: int, name: str) -> None:
    write_meshes(tmp_path / "data", classes)
    assert build().name == name and repr(build()) == f"{name}(up_axis='z', {classes} classes)"


def test_the_up_axis_can_be_given(build: Any, tmp_path: Path) -> None:
    write_meshes(tmp_path / "data")
    assert [build(up_axis=axis).up_axis for axis in ("x", "y", "z", "auto")] == [0, 1, 2, 2]


@pytest.mark.parametrize(
    ("argument", "got"),
    [
        ("up_axis", "up"),
        ("variant", 20),
        ("num_points", 0),
        ("num_points", 10**9),
        ("num_points", "many"),
        ("seed", -1),
        ("dataset_path", None),
    ],
)
def test_refuses_wrong_arguments(build: Any, tmp_path: Path, argument: str, got: Any) -> None:
    write_meshes(tmp_path / "data")
    with raises(ArgumentError, argument=argument, got=got):
        build(**{argument: got})


def test_a_missing_folder_is_named(build: Any) -> None:
    with raises(DataError, file="/no/such/folder"):
        build(dataset_path="/no/such/folder")


def test_a_broken_mesh_is_named(build: Any, tmp_path: Path) -> None:
    write_meshes(tmp_path / "data")
    (tmp_path / "data" / "class01" / "train" / "class01_0002.off").write_text("OFF\n")
    with raises(DataError, file=tmp_path / "data" / "class01" / "train" / "class01_0002.off"):
        build().get_split("train")


def test_repairs_are_reported_each_time(build: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    data = np.random.default_rng(0).random((3, 20, 3))
    data[1, 5] = np.nan
    with h5py.File(folder / "a.h5", "w") as file:
        file["data"], file["label"] = data, np.array([0, 1, 1])
    (folder / "train_files.txt").write_text("a.h5")
    (folder / "test_files.txt").write_text("a.h5")
    (folder / "shape_names.txt").write_text("chair\ndesk")
    for _ in range(2):
        with pytest.warns(ConcluWarning, match="ModelNet train") as caught:
            split = build(up_axis="z").get_split("train")
        assert split.pos.shape == (3, 20, 3) and np.isfinite(split.pos).all()
        messages = [str(warning.message) for warning in caught]
        assert len(messages) == 3 and "a.h5, cloud 1 (a/0001)" in messages[0] and "not finite" in messages[0]
        assert "filled up" in messages[1] and "no cloud has more than 20 points; all 20 are used." in messages[2]


def test_real_modelnet10(build: Any, conclu_data: Path) -> None:
    folder = conclu_data / "modelnet10_ply_hdf5_1024"
    dataset = build(dataset_path=str(folder))
    assert dataset.name == "ModelNet10" and dataset.up_axis == 2
    test = dataset.get_split("test")
    assert test.pos.shape == (908, 1024, 3) and np.bincount(test.y).tolist() == [
        50,
        100,
        100,
        86,
        86,
        100,
        86,
        100,
        100,
        100,
    ]
    assert all(name.startswith(test.classes[label]) for name, label in zip(test.names, test.y, strict=True))
    with h5py.File(folder / "ply_data_test0.h5") as file:
        assert np.array_equal(test.pos[7], file["data"][7])
    fewer = build(dataset_path=str(folder), num_points=100).get_split("test").pos[7]
    assert len(np.unique(np.concatenate([fewer, test.pos[7]]), axis=0)) == 1024  # a choice of its points


def test_real_samples_of_the_other_layouts(build: Any, conclu_data: Path) -> None:
    meshes = build(dataset_path=str(conclu_data / "raw" / "modelnet_off"))
    assert meshes.up_axis == 2 and meshes.get_split("train").pos.shape == (5, 2048, 3)
    texts = build(dataset_path=str(conclu_data / "raw" / "modelnet40_normal_resampled"), allow_missing=True)
    assert texts.name == "ModelNet40" and texts.up_axis == 1
    assert texts.get_split("train").pos.shape == (8, 2048, 3)
