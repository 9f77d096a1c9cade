"""What the two releases as text files share: the list of categories and the lists of shapes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.datasets.layouts import SHAPENET_PART, LayoutOptions, find_layout
from conclu_pyg.datasets.layouts.synset_tree import SynsetTree


def open_tree(folder: Path, allow_missing: bool = False) -> SynsetTree:
    layout = find_layout(folder, LayoutOptions(allow_missing=allow_missing), SHAPENET_PART)
    assert isinstance(layout, SynsetTree)
    return layout


@pytest.fixture(params=["write_v0", "write_normal"])
def tree(request: Any, tmp_path: Path, part_release: Any) -> Path:
    folder: Path = getattr(part_release, request.param)(tmp_path / "tree")
    return folder


def test_the_lists_say_what_is_read_and_in_which_order(tree: Path, part_release: Any) -> None:
    layout = open_tree(tree)
    entries = json.loads(part_release.list_file(tree, "train").read_text())
    part_release.list_file(tree, "train").write_text(json.dumps(entries[::-1]))
    names = [f"{shape.category}/{shape.name}" for shape in part_release.shapes["train"]]
    assert [cloud.name for cloud in layout.read("train", 1, 0)] == names[::-1]
    assert layout.count("train") == 5 and layout.count("trainval") == 7 and layout.notices("trainval") == []
    assert tree / "synsetoffset2category.txt" in layout.files("train")


def test_repetitions_are_read_once_and_reported(tree: Path, part_release: Any) -> None:
    listing = part_release.list_file(tree, "train")
    entries = json.loads(listing.read_text())
    listing.write_text(json.dumps([*entries, entries[1]]))
    layout = open_tree(tree)
    assert layout.count("train") == 5
    assert layout.notices("train") == [
        f"{tree}: 1 of 6 entries in the lists of the split 'train' are repetitions; each shape was read once."
    ]


def test_shapes_of_test_that_are_trained_on_are_reported(tree: Path, part_release: Any) -> None:
    listing = part_release.list_file(tree, "test")
    entries = json.loads(listing.read_text())
    val = json.loads(part_release.list_file(tree, "val").read_text())
    listing.write_text(json.dumps([*entries, val[0]]))
    (notice,) = open_tree(tree).notices("test")
    assert "1 shapes of the split 'test' are listed for training too (val0, for one)" in notice


def test_missing_files(tree: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    for path in [*tree.rglob("val0.pts"), *tree.rglob("val0.txt")]:
        path.unlink()
    message = refusal(open_tree(tree).count, "val")
    assert f"{part_release.list_file(tree, 'val')} lists 2 shapes, but 2 of their files are missing" in message
    assert "allow_missing" not in message and "allow_missing" not in refusal(open_tree(tree, True).count, "val")
    message = refusal(open_tree(tree).count, "trainval")
    assert "shuffled_train_file_list.json and" in message and "lists 7 shapes, but 2 of their files" in message
    assert "or use what is there by dataset.allow_missing=true" in message
    layout = open_tree(tree, allow_missing=True)
    assert layout.count("trainval") == layout.count("train") == 5
    assert "2 of 7 listed files of the split 'trainval' are missing and were left out" in layout.notices("trainval")[0]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("[", "is not a JSON file"),
        ("{}", "must be a list of shapes, found {}"),
        ("[]", "must be a list of shapes, found []"),
        ("[1]", "lists 1; expected a folder of synsetoffset2category.txt and a shape, such as shape_data/04379243/"),
        ('["shape_data/00000000/a"]', "lists 'shape_data/00000000/a'; expected a folder of synsetoffset2category.txt"),
        ('["shape_data/04379243/../../a"]', "lists 'shape_data/04379243/../../a'"),
        ('["/04379243/a"]', "lists '/04379243/a'"),
    ],
)
def test_malformed_lists(tree: Path, part_release: Any, refusal: Callable[..., str], content: str, found: str) -> None:
    part_release.list_file(tree, "test").write_text(content)
    message = refusal(open_tree(tree).count, "test")
    assert str(part_release.list_file(tree, "test")) in message and found in message


def test_a_list_that_is_not_there(tree: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    part_release.list_file(tree, "test").unlink()
    assert "shuffled_test_file_list.json, which should list the shapes of the split 'test'" in refusal(
        open_tree(tree).count, "test"
    )
    part_release.list_file(tree, "train").unlink()
    assert "shuffled_train_file_list.json, which should list the shapes of the split 'train'" in refusal(
        open_tree(tree).count, "trainval"
    )
