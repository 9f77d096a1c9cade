"""ShapeNetPart, from a folder in any of its formats to batches with parts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from helpers import raises

from conclu_pyg import DATASETS
from conclu_pyg.datasets.shapenet_part import ShapeNetPart
from conclu_pyg.errors import ArgumentError, ConcluWarning, DataError

WRITERS = ["write_v0", "write_normal", "write_h5"]
PSB_SIZES = (228, 152)


@pytest.fixture
def build(tmp_path: Path) -> Any:
    """Builds ShapeNetPart as a config does, from ``tmp_path / "my_shapes"`` by default."""

    def build(**arguments: Any) -> ShapeNetPart:
        defaults = {"dataset_path": str(tmp_path / "my_shapes"), "cache_dir": str(tmp_path / "cache"), "transform": []}
        return DATASETS.build({"name": "ShapeNetPart", "num_points": 30, **defaults, **arguments})

    return build


@pytest.mark.parametrize("writer", WRITERS)
def test_every_layout_gives_the_same_data(build: Any, tmp_path: Path, part_release: Any, writer: str) -> None:
    getattr(part_release, writer)(tmp_path / "my_shapes")
    dataset = build()
    assert dataset.splits == ("train", "val", "test", "trainval") and dataset.up_axis == 1
    assert dataset.label_to_names == {0: "Table", 1: "Mug"} and dataset.num_parts == 5
    assert dataset.category_to_parts == {"Table": [0, 1, 2], "Mug": [3, 4]}
    assert [name.split("/")[0] for name in dataset.part_names] == ["Table"] * 3 + ["Mug"] * 2
    assert len(set(dataset.part_names)) == 5 and dataset.labels.class_parts == ((0, 1, 2), (3, 4))
    for split in ("train", "val", "test"):
        read, shapes = dataset.get_split(split), part_release.shapes[split]
        assert read.names == [f"{shape.category}/{shape.name}" for shape in shapes]
        assert np.array_equal(read.pos, np.stack([shape.points for shape in shapes]))
        assert read.part.dtype == np.int64 and np.array_equal(read.part, np.stack([shape.part for shape in shapes]))
        assert [read.classes[label] for label in read.y] == [shape.category for shape in shapes]


@pytest.mark.parametrize("writer", WRITERS)
def test_trainval_is_train_and_val(build: Any, tmp_path: Path, part_release: Any, writer: str) -> None:
    getattr(part_release, writer)(tmp_path / "my_shapes")
    dataset = build()
    train, val, both = (dataset.get_split(split) for split in ("train", "val", "trainval"))
    assert both.names == [*train.names, *val.names] and np.array_equal(
        both.part, np.concatenate([train.part, val.part])
    )


@pytest.mark.parametrize("writer", WRITERS)
def test_without_val_trainval_is_train(build: Any, tmp_path: Path, part_release: Any, writer: str) -> None:
    getattr(part_release, writer)(tmp_path / "my_shapes", splits=("train", "test"))
    dataset = build()
    assert dataset.splits == ("train", "test", "trainval")
    assert dataset.get_split("trainval").names == dataset.get_split("train").names
    with raises(DataError, argument="split", got="val"):
        dataset.get_split("val")


def test_a_batch_has_the_parts_of_its_points(build: Any, tmp_path: Path, part_release: Any) -> None:
    part_release.write_v0(tmp_path / "my_shapes")
    train = build(num_points=20).get_split("train")
    loader: Any = torch.utils.data.DataLoader(train, batch_size=4, collate_fn=lambda batch: batch)
    batch = next(iter(loader))
    assert batch.pos.shape == (80, 3) and batch.part.shape == (80,) and batch.part.dtype == torch.int64
    part_of = {
        point.tobytes(): part
        for shape in part_release.shapes["train"]
        for point, part in zip(shape.points, shape.part, strict=True)
    }
    assert [part_of[point.numpy().tobytes()] for point in batch.pos] == batch.part.tolist()


def test_parts_are_inferred_once(
    build: Any, tmp_path: Path, part_release: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    part_release.write_normal(tmp_path / "my_shapes")
    assert build().num_parts == 5
    again = build()
    monkeypatch.setattr(type(again.format), "read", None)
    assert again.num_parts == 5 and again.category_to_parts["Mug"] == [3, 4]


def test_inferred_parts_are_part_of_the_cache_key(build: Any, tmp_path: Path, part_release: Any) -> None:
    """Without the label that shifts all of the second category's, the old test split would be wrong."""
    folder = part_release.write_v0(tmp_path / "my_shapes")
    build().get_split("test")
    for path in folder.glob("04379243/points_label/*.seg"):
        path.write_text(path.read_text().replace("3", "2"))
    dataset = build()
    assert dataset.category_to_parts == {"Table": [0, 1], "Mug": [2, 3]}
    test = dataset.get_split("test")
    assert set(np.unique(test.part[test.y == 1])) == {2, 3}


def test_a_part_of_another_category_is_refused(
    build: Any, tmp_path: Path, part_release: Any, refusal: Callable[..., str]
) -> None:
    folder = part_release.write_h5(tmp_path / "my_shapes")
    with h5py.File(folder / "ply_data_test0.h5", "r+") as file:
        file["pid"][1, 7] = 4
    message = refusal(build().get_split, "test")
    assert (
        "ply_data_test0.h5, cloud 1 (Table/test1): point 7 has the part label 4, a part of Mug, but according to"
        in message
    )
    assert "overallid_to_catid_partid.json Table has the labels 0, 1, 2 (1 of 30 points are wrong)" in message
    build().get_split("train")


def test_a_part_that_no_training_shape_has_is_refused(
    build: Any, tmp_path: Path, part_release: Any, refusal: Callable[..., str]
) -> None:
    folder = part_release.write_v0(tmp_path / "my_shapes")
    seg = folder / "03797390" / "points_label" / "test0.seg"
    seg.write_text("3\n" * 30)
    message = refusal(build().get_split, "test")
    assert "test0.pts (parts in points_label/test0.seg): point 0 has the part label 3, but according to" in message
    assert "Mug has the labels 1, 2 (30 of 30 points are wrong)" in message


@pytest.mark.parametrize("count", [0, 29, 31])
def test_labels_of_another_length_than_the_points_are_refused(
    build: Any, tmp_path: Path, part_release: Any, refusal: Callable[..., str], count: int
) -> None:
    folder = part_release.write_v0(tmp_path / "my_shapes")
    (folder / "03797390" / "points_label" / "test0.seg").write_text("1\n" * count)
    message = refusal(build().get_split, "test")
    assert "test0.pts (parts in points_label/test0.seg): expected an integer part label for each" in message
    assert f"of the 30 points, got {count} labels" in message


@pytest.mark.parametrize("writer", ["write_v0", "write_normal"])
def test_an_empty_cloud_is_refused(
    build: Any, tmp_path: Path, part_release: Any, refusal: Callable[..., str], writer: str
) -> None:
    folder = getattr(part_release, writer)(tmp_path / "my_shapes")
    for path in folder.rglob("test0.*"):
        path.write_text("")
    assert "test0." in refusal(build().get_split, "test") and "has no points" in refusal(build().get_split, "test")


@pytest.mark.parametrize("writer", WRITERS)
def test_points_that_are_not_finite_are_removed_with_their_parts(
    build: Any, tmp_path: Path, part_release: Any, writer: str
) -> None:
    shape = part_release.shapes["test"][0]
    shape.points[4, 1] = np.nan
    getattr(part_release, writer)(tmp_path / "my_shapes")
    with pytest.warns(ConcluWarning, match="1 of 3 clouds: points that are not finite numbers were removed"):
        test = build().get_split("test")
    known = {point.tobytes(): part for point, part in zip(shape.points, shape.part, strict=True)}
    assert [known[point.tobytes()] for point in test.pos[0]] == test.part[0].tolist()


def test_names_and_titles(build: Any, tmp_path: Path, part_release: Any) -> None:
    part_release.write_h5(tmp_path / "my_shapes", parts="names")
    assert build().name == "my shapes" and build(title="Mine: a/b").name == "Mine: a/b"
    assert build().part_names[3] == "Mug/part3" and repr(build()) == "my shapes(up_axis='y', 2 classes)"
    assert len(build(title="../up").get_split("test")) == 3
    assert {path.name.split("-")[0] for path in (tmp_path / "cache").iterdir()} == {".."}
    assert not (tmp_path / "up").exists()


def test_other_data_are_named(build: Any, tmp_path: Path) -> None:
    (tmp_path / "my_shapes").mkdir()
    with raises(DataError, file=tmp_path / "my_shapes"):
        build()
    with raises(DataError, file=tmp_path / "none"):
        build(dataset_path=str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("argument", "got"), [("up_axis", "up"), ("num_points", 0), ("seed", -1), ("title", 3), ("variant", 10)]
)
def test_refuses_wrong_arguments(build: Any, tmp_path: Path, part_release: Any, argument: str, got: Any) -> None:
    part_release.write_h5(tmp_path / "my_shapes")
    with raises(ArgumentError, argument=argument, got=got):
        build(**{argument: got})


def test_the_up_axis_can_be_given(build: Any, tmp_path: Path, part_release: Any) -> None:
    part_release.write_v0(tmp_path / "my_shapes")
    assert [build(up_axis=axis).up_axis for axis in ("x", "y", "z", "auto")] == [0, 1, 2, 1]


def test_real_psb(build: Any, conclu_data: Path) -> None:
    folder = conclu_data / "psb_part_hdf5_2048"
    dataset = build(dataset_path=str(folder), num_points=2048, title="PSB")
    assert dataset.name == "PSB" and len(dataset.label_to_names) == 19 and dataset.num_parts == 94
    assert dataset.splits == ("train", "test", "trainval") and dataset.label_to_names[4] == "Bird"
    assert [dataset.part_names[p] for p in dataset.category_to_parts["Table"]] == ["Table/leg", "Table/support"]
    assert sorted(p for parts in dataset.category_to_parts.values() for p in parts) == list(range(94))
    for split, size in zip(("train", "test"), PSB_SIZES, strict=True):
        read = dataset.get_split(split)
        with h5py.File(folder / f"ply_data_{split}0.h5") as file:
            assert np.array_equal(read.pos, file["data"][...]) and np.array_equal(read.part, file["pid"][...])
        assert len(read) == size and len(set(np.bincount(read.y))) == 1
        assert all(name.startswith(read.classes[label] + "/") for name, label in zip(read.names, read.y, strict=True))
    assert dataset.up_axis == 1  # by convention: its categories do not agree, see docs/data.md


def test_real_v0(build: Any, conclu_data: Path) -> None:
    dataset = build(
        dataset_path=str(conclu_data / "raw" / "shapenetcore_partanno_segmentation_benchmark_v0"), num_points=1000
    )
    assert dataset.name == "ShapeNetPart" and len(dataset.label_to_names) == 16 and dataset.up_axis == 1
    counts = {name: len(parts) for name, parts in dataset.category_to_parts.items()}
    assert counts["Airplane"] == 4 and counts["Motorbike"] == 6
    # No point of Lamp/3 is in it.
    assert [dataset.part_names[p] for p in dataset.category_to_parts["Lamp"]] == ["Lamp/1", "Lamp/2", "Lamp/4"]
    train = dataset.get_split("train")
    assert train.pos.shape == (16, 1000, 3) and train.y.tolist() == list(range(16))
    for label, part in zip(train.y, train.part, strict=True):
        assert set(part) <= set(dataset.category_to_parts[train.classes[label]])


def test_real_v0_with_the_official_lists(
    build: Any, conclu_data: Path, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    folder, lists = tmp_path / "my_shapes", conclu_data / "raw" / "shapenetpart_official_split"
    source = conclu_data / "raw" / "shapenetcore_partanno_segmentation_benchmark_v0"
    folder.mkdir()
    for path in source.iterdir():
        if path.name != "train_test_split":
            (folder / path.name).symlink_to(path)
    (folder / "train_test_split").symlink_to(lists)
    dataset = build(allow_missing=True)
    found = 0
    for split, listed in (("train", 12137), ("val", 1870), ("test", 2874), ("trainval", 14007 - 9)):
        entries = set()  # folder and name: a name may be in two categories; nine shapes are in train and in val
        for each in ("train", "val") if split == "trainval" else (split,):
            content = json.loads((lists / f"shuffled_{each}_file_list.json").read_text())
            entries |= {tuple(line.split("/")[1:]) for line in content}
        files = {path for path in folder.glob("*/points/*.pts") if (path.parts[-3], path.stem) in entries}
        assert len(entries) == listed
        if files:
            found += 1
            assert {path for path in dataset.format.files(split) if path.suffix == ".pts"} == files
            assert dataset.format.count(split) == len(files)
            assert f"{listed - len(files):,} of {listed:,} listed files" in dataset.format.notices(split)[0]
        else:
            assert f"lists {listed:,} shapes, but {listed:,} of their files" in refusal(dataset.format.count, split)
    assert found and dataset.format.notices("trainval")[1].startswith(f"{folder}: 9 of 14,007 entries in the lists")


def test_real_v0_normal(build: Any, conclu_data: Path) -> None:
    folder = conclu_data / "raw" / "shapenetcore_partanno_segmentation_benchmark_v0_normal"
    dataset = build(dataset_path=str(folder), allow_missing=True)
    assert dataset.category_to_parts == {"Skateboard": [45], "Table": [47, 48, 49]} and dataset.num_parts == 50
    assert dataset.name == "shapenetcore partanno segmentation benchmark v0 normal"
    assert np.min(dataset.get_split("train").part) == 45
    with pytest.warns(ConcluWarning, match="3 shapes of the split 'test' are also listed for training"):
        assert len(dataset.get_split("test")) == 2
    with raises(DataError, got=1):
        build(dataset_path=str(folder)).get_split("train")
