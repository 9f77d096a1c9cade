"""The two text releases of ShapeNetPart: their lists, and the files of each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.datasets.formats import SHAPENET_PART, FormatOptions, find_format
from conclu_pyg.datasets.formats.synset_tree import NormalParts, SegFiles, SynsetTree


def open_tree(folder: Path, allow_missing: bool = False) -> SynsetTree:
    opened = find_format(folder, FormatOptions(allow_missing=allow_missing), SHAPENET_PART)
    assert isinstance(opened, SynsetTree)
    return opened


@pytest.fixture(params=["write_v0", "write_normal"])
def tree(request: Any, tmp_path: Path, part_release: Any) -> Path:
    folder: Path = getattr(part_release, request.param)(tmp_path / "tree")
    return folder


def test_the_lists_determine_the_files_and_their_order(tree: Path, part_release: Any) -> None:
    opened = open_tree(tree)
    entries = json.loads(part_release.list_file(tree, "train").read_text())
    part_release.list_file(tree, "train").write_text(json.dumps(entries[::-1]))
    names = [f"{shape.category}/{shape.name}" for shape in part_release.shapes["train"]]
    assert [cloud.name for cloud in opened.read("train", 1, 0)] == names[::-1]
    assert opened.count("train") == 5 and opened.count("trainval") == 7 and opened.notices("trainval") == []
    assert tree / "synsetoffset2category.txt" in opened.files("train")


def test_repetitions_are_read_once_and_reported(tree: Path, part_release: Any) -> None:
    listing = part_release.list_file(tree, "train")
    entries = json.loads(listing.read_text())
    listing.write_text(json.dumps([*entries, entries[1]]))
    opened = open_tree(tree)
    assert opened.count("train") == 5
    assert opened.notices("train") == [
        f"{tree}: 1 of 6 entries in the lists of the split 'train' are duplicates; each shape was read once."
    ]


def test_shapes_of_test_that_are_trained_on_are_reported(tree: Path, part_release: Any) -> None:
    listing = part_release.list_file(tree, "test")
    entries = json.loads(listing.read_text())
    val = json.loads(part_release.list_file(tree, "val").read_text())
    listing.write_text(json.dumps([*entries, val[0]]))
    (notice,) = open_tree(tree).notices("test")
    assert "1 shapes of the split 'test' are also listed for training (for example val0)" in notice


def test_missing_files(tree: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    for path in [*tree.rglob("val0.pts"), *tree.rglob("val0.txt")]:
        path.unlink()
    message = refusal(open_tree(tree).count, "val")
    assert f"{part_release.list_file(tree, 'val')} lists 2 shapes, but 2 of their files are missing" in message
    assert "allow_missing" not in message and "allow_missing" not in refusal(open_tree(tree, True).count, "val")
    message = refusal(open_tree(tree).count, "trainval")
    assert "shuffled_train_file_list.json and" in message and "lists 7 shapes, but 2 of their files" in message
    assert "or use the others by dataset.allow_missing=true" in message
    opened = open_tree(tree, allow_missing=True)
    assert opened.count("trainval") == opened.count("train") == 5
    assert "2 of 7 listed files of the split 'trainval' are missing and were skipped" in opened.notices("trainval")[0]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("[", "is not a JSON file"),
        ("{}", "expected a list of shapes, got {}"),
        ("[]", "expected a list of shapes, got []"),
        ("[1]", "expected a folder of synsetoffset2category.txt and a shape, such as shape_data/04379243/"),
        ('["shape_data/00000000/a"]', "got 'shape_data/00000000/a'"),
        ('["shape_data/04379243/../../a"]', "got 'shape_data/04379243/../../a'"),
        ('["/04379243/a"]', "got '/04379243/a'"),
    ],
)
def test_malformed_lists(tree: Path, part_release: Any, refusal: Callable[..., str], content: str, found: str) -> None:
    part_release.list_file(tree, "test").write_text(content)
    message = refusal(open_tree(tree).count, "test")
    assert str(part_release.list_file(tree, "test")) in message and found in message


def test_a_missing_list(tree: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    part_release.list_file(tree, "test").unlink()
    assert "shuffled_test_file_list.json, which should list the shapes of the split 'test'" in refusal(
        open_tree(tree).count, "test"
    )
    part_release.list_file(tree, "train").unlink()
    assert "shuffled_train_file_list.json, which should list the shapes of the split 'train'" in refusal(
        open_tree(tree).count, "trainval"
    )


def open_v0(folder: Path) -> SegFiles:
    opened = find_format(folder, FormatOptions(), SHAPENET_PART)
    assert isinstance(opened, SegFiles)
    return opened


def test_labels_are_those_of_the_files(tmp_path: Path, part_release: Any) -> None:
    opened = open_v0(part_release.write_v0(tmp_path / "v0"))
    assert opened.within_classes and opened.listed_parts() is None and opened.up_axis == 1
    clouds = list(opened.read("train", 1, 0))
    assert [sorted(set(cloud.part)) for cloud in clouds] == [[1, 2, 3]] * 3 + [[1, 2]] * 2
    assert np.array_equal(clouds[4].part, part_release.shapes["train"][4].part - 2)
    assert clouds[4].source.endswith("points/train1.pts (parts in points_label/train1.seg)")


def test_a_shape_without_labels_is_missing(tmp_path: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    folder = part_release.write_v0(tmp_path / "v0")
    (folder / "04379243" / "points_label" / "test1.seg").unlink()
    assert "points_label/test1.seg)" in refusal(open_v0(folder).count, "test")


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("points/test0.pts", "1 2\n", "test0.pts: expected three coordinates first on each line"),
        ("points/test0.pts", "1,2,3\n", "test0.pts: expected three coordinates first on each line"),
        ("points_label/test0.seg", "leg\n", "test0.seg: expected a part label on each line"),
    ],
)
def test_malformed_v0_files(
    tmp_path: Path, part_release: Any, refusal: Callable[..., str], name: str, content: str, found: str
) -> None:
    folder = part_release.write_v0(tmp_path / "v0")
    (folder / "04379243" / name).write_text(content)
    assert found in refusal(lambda: list(open_v0(folder).read("test", 1, 0)))


def test_real_v0_files(conclu_data: Path) -> None:
    opened = open_v0(conclu_data / "raw" / "shapenetcore_partanno_segmentation_benchmark_v0")
    clouds = list(opened.read("train", 1, 0))
    assert len(clouds) == 16 and [cloud.label for cloud in clouds] == list(range(16))
    for cloud in clouds:
        assert cloud.part is not None and len(cloud.part) == len(cloud.points) > 2000 and cloud.part.min() == 1


def open_normal(folder: Path, allow_missing: bool = False) -> NormalParts:
    opened = find_format(folder, FormatOptions(allow_missing=allow_missing), SHAPENET_PART)
    assert isinstance(opened, NormalParts)
    return opened


def test_reads_points_and_parts_but_no_normals(tmp_path: Path, part_release: Any) -> None:
    opened = open_normal(part_release.write_normal(tmp_path / "normal"))
    assert not opened.within_classes and opened.listed_parts() is None and opened.up_axis == 1
    for cloud, shape in zip(opened.read("val", 1, 0), part_release.shapes["val"], strict=True):
        assert np.array_equal(cloud.points.astype("f4"), shape.points) and np.array_equal(cloud.part, shape.part)


@pytest.mark.parametrize("content", ["1 2 3 0 0 1\n", "1,2,3,0,0,1,4\n", "1 2 3 0 0 1 leg\n"])
def test_malformed_v0_normal_files(
    tmp_path: Path, part_release: Any, refusal: Callable[..., str], content: str
) -> None:
    folder = part_release.write_normal(tmp_path / "normal")
    (folder / "04379243" / "test0.txt").write_text(content)
    message = refusal(lambda: list(open_normal(folder).read("test", 1, 0)))
    assert "test0.txt: expected a point, its normal and its part, seven numbers, on each line" in message


def test_real_v0_normal_files(conclu_data: Path) -> None:
    opened = open_normal(conclu_data / "raw" / "shapenetcore_partanno_segmentation_benchmark_v0_normal", True)
    clouds = {cloud.name: cloud for cloud in opened.read("train", 1, 0)}
    assert list(clouds) == ["Skateboard/1c8d5e05c3faa05861be5ced44bc18ac", "Table/1a2abbc9712e2fffc3bd24f986301745"]
    table = clouds["Table/1a2abbc9712e2fffc3bd24f986301745"]
    assert table.points.shape == (2794, 3) and table.points[0].tolist() == [0.24005, 0.11112, -0.16716]
    assert table.part is not None and table.part[:2].tolist() == [47, 48]
