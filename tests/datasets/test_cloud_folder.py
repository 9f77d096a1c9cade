"""Data sets from a user's own folders, lists and patterns."""

import csv
import hashlib
import math
import os
import shutil
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cloud_files
import numpy as np
import platformdirs
import pytest
from helpers import raises

from conclu_pyg import DATASETS
from conclu_pyg.cli.main import main
from conclu_pyg.config import load_config
from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.clean import clean_points
from conclu_pyg.data.read_report import ReadReport
from conclu_pyg.data.resize import resize, shape_rng
from conclu_pyg.data.subsets import share_of_each
from conclu_pyg.datasets import cloud_folder
from conclu_pyg.datasets.folders.drawn_split import draw_test_files
from conclu_pyg.datasets.folders.skip_policy import SkipPolicy
from conclu_pyg.errors import ConcluError, ConcluWarning, ConfigError, DataError
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.runs.loaded_run import load_run
from conclu_pyg.testing.datasets import check_dataset

pytestmark = pytest.mark.filterwarnings("ignore::conclu_pyg.errors.ConcluWarning")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(folder))
    return folder


def cloud(name: str, size: int = 40) -> np.ndarray:
    """Returns the points of a file, which its name determines."""
    return np.random.default_rng(list(os.fsencode(name))).normal(size=(size, 3)).astype(np.float32)


def put(folder: Path, *names: str, size: int = 40) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, cloud(path.name, size))
    return folder


def build(paths: Any, **options: Any) -> Any:
    given = str(paths) if isinstance(paths, Path) else paths
    return DATASETS.build({"name": "CloudFolder", "paths": given, "num_points": 32, "up_axis": "z", **options})


def contents(dataset: Any) -> dict[str, dict[str, str]]:
    """Returns the class of each cloud of each split by name."""
    found = {}
    for name in dataset.splits:
        split = dataset.get_split(name)
        found[name] = {cloud: split.classes[label] for cloud, label in zip(split.names, split.y, strict=True)}
    return found


def names(split: PointCloudSplit) -> list[str]:
    return list(split.names)


def chosen(name: str, points: np.ndarray, count: int = 32, seed: int = 0) -> np.ndarray:
    return resize(clean_points(points, name).points, count, shape_rng(seed, name))[0]


def test_all_formats_are_read_and_named_by_their_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", cloud("a"))
    np.savetxt(tmp_path / "b.xyz", cloud("b"))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    cloud_files.write_ply(tmp_path / "deep" / "er" / "c.PLY", cloud("c"))
    cloud_files.write_off(tmp_path / "deep" / "d.off")
    (tmp_path / "README.txt").write_text("Scans of 2026.")
    (tmp_path / "photo.jpg").touch()
    dataset = build(tmp_path, test_fraction=0, transform=[])
    train = dataset.get_split("train")
    assert names(train) == ["a.npy", "b.xyz", "deep/d.off", "deep/er/c.PLY"]
    assert dataset.splits == ("train",) and dataset.label_to_names == {0: "unlabelled"}
    np.testing.assert_array_equal(train.pos[0], chosen("a.npy", cloud("a")))
    np.testing.assert_array_equal(train.pos[3], chosen("deep/er/c.PLY", cloud("c")))
    on_cube = np.abs(train.pos[2] - 0.5).max(axis=1)  # points of the surface of the unit cube
    np.testing.assert_allclose(on_cube, 0.5, atol=1e-6)
    assert len(np.unique(train.pos[2], axis=0)) == 32
    (sentence,) = dataset.files.skipped
    assert "1 .jpg" in sentence and "1 document" in sentence


def test_the_interface_of_data_sets_is_kept(tmp_path: Path) -> None:
    put(tmp_path, *(f"{name}/{i}.npy" for name in ("mug", "vase") for i in range(5)))
    check_dataset(build(tmp_path))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("b/1.npy", "a/2.npy", "a/deep/3.npy"), {"a/2.npy": "a", "a/deep/3.npy": "a", "b/1.npy": "b"}),
        (("scans/1.npy", "scans/2.npy"), {"scans/1.npy": "unlabelled", "scans/2.npy": "unlabelled"}),
        (("1.npy", "a/2.npy", "b/2.npy"), dict.fromkeys(("1.npy", "a/2.npy", "b/2.npy"), "unlabelled")),
    ],
)
def test_several_folders_that_hold_all_clouds_are_the_classes(
    tmp_path: Path, files: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert contents(build(put(tmp_path, *files), test_fraction=0)) == {"train": expected}


def test_classes_by_folders_can_be_required_and_refused(tmp_path: Path) -> None:
    put(tmp_path, "only/1.npy", "only/2.npy")
    assert set(contents(build(tmp_path, classes="folders"))["train"].values()) == {"only"}
    put(tmp_path, "1.npy", "b/1.npy")
    with pytest.warns(ConcluWarning, match=r"1 of 4 files in .* are in no folder of a class, such as 1.npy"):
        build(tmp_path)
    with raises(DataError, argument="classes"):
        build(tmp_path, classes="folders")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert build(tmp_path, classes="none").label_to_names == {0: "unlabelled"}


@pytest.mark.parametrize("pattern", ["{split}/{name}", "{name}/{split}"])
@pytest.mark.parametrize("split", ["test", "TEST"])
def test_splits_are_those_of_folders(tmp_path: Path, pattern: str, split: str) -> None:
    place = {
        (part, name): pattern.format(split=part, name=name) + "/1.npy" for part in ("train", split) for name in "ab"
    }
    found = contents(build(put(tmp_path, *place.values())))
    assert found == {
        "train": {place["train", name]: name for name in "ab"},
        "test": {place[split, name]: name for name in "ab"},
    }
    drawn = build(tmp_path, split_by="draw", test_fraction=0)
    assert contents(drawn) == {"train": {path: name for (_, name), path in sorted(place.items(), key=lambda i: i[1])}}


def test_splits_without_classes(tmp_path: Path) -> None:
    found = contents(build(put(tmp_path, "train/1.npy", "val/2.npy", "test/3.npy")))
    assert found == {"train": {"train/1.npy": "unlabelled"}, "val": {"val/2.npy": "unlabelled"},
                     "test": {"test/3.npy": "unlabelled"}}  # fmt: skip


def test_files_outside_of_the_folders_of_splits_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "train/a/1.npy", "test/a/1.npy", "more/a/1.npy")
    with raises(DataError, file="more/a/1.npy"):
        build(tmp_path)
    drawn = build(tmp_path, split_by="draw")
    assert len(drawn.files) == 3 and drawn.label_to_names == {0: "a", 1: "more"}  # and no class of a split's name
    shutil.rmtree(tmp_path / "test")  # trains, cars and buses: a class of that name is no split
    assert build(tmp_path).label_to_names == {0: "more", 1: "train"}
    with raises(ConfigError, argument="split_by"):
        build(tmp_path, split_by="folders")


def write_table(path: Path, rows: Iterable[Iterable[str]], delimiter: str = ",") -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_classes_and_splits_of_a_table(tmp_path: Path, delimiter: str) -> None:
    put(tmp_path, "1.npy", "sub/2.npy", "sub/3.npy", "4.npy", "5.npy")
    rows = [
        ("Split", "class", "note", "file"),
        ("test", "mug", "", "1.npy"),
        ("train", "mug", "x", str(tmp_path / "sub" / "2.npy")),
        ("train", "vase", "", "sub/../sub/3.npy"),
        ("", "", "", "4.npy"),
    ]
    write_table(tmp_path / "labels.csv", rows, delimiter)
    with pytest.warns(ConcluWarning, match="has no class for 2 of 5 files, such as 4.npy"):
        dataset = build(tmp_path, labels="labels.csv")
    assert contents(dataset) == {"train": {"sub/2.npy": "mug", "sub/3.npy": "vase"}, "test": {"1.npy": "mug"}}
    drawn = build(tmp_path, labels=str(tmp_path / "labels.csv"), split_by="draw", test_fraction=0)
    assert contents(drawn) == {"train": {"1.npy": "mug", "sub/2.npy": "mug", "sub/3.npy": "vase"}}


def test_files_of_a_table_may_be_relative_to_its_folder(tmp_path: Path) -> None:
    put(tmp_path / "clouds", "1.npy", "2.npy")
    (tmp_path / "tables").mkdir()
    rows = [("file", "class"), ("../clouds/1.npy", "mug"), ("../clouds/2.npy", "vase")]
    table = write_table(tmp_path / "tables" / "t.csv", rows)
    dataset = build(tmp_path / "clouds", labels=str(table), test_fraction=0)
    assert contents(dataset) == {"train": {"1.npy": "mug", "2.npy": "vase"}}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("name", "class"), ("1.npy", "a")], "expected the columns file and class"),
        ([("file", "class")], "has no row"),
        ([("file", "class"), ("", "a")], "line 2: the file is missing"),
        ([("file", "class"), ("1.npy", "a"), ("1.npy", "a")], "line 3: 1.npy is listed in line 2 already"),
        ([("file", "class"), ("1.npy", "a"), ("./1.npy", "a")], "line 3: ./1.npy is the file of line 2"),
        ([("file", "class"), ("1.npy", "a"), ("gone.npy", "a")], "1 are not among the clouds"),
        ([("file", "class"), ("1.npy", "table", " round")], "line 2: expected 2 columns as in the first line, got 3"),
        ([("file", "class", "split"), ("1.npy", "a", "dev")], "the split must be train, val or test, got 'dev'"),
    ],
)
def test_tables_with_errors_are_refused(tmp_path: Path, rows: list[tuple[str, ...]], words: str) -> None:
    put(tmp_path, "1.npy", "2.npy")
    table = write_table(tmp_path / "labels.csv", rows)
    with pytest.raises(DataError, match=words) as error:
        build(tmp_path, labels=str(table))
    assert error.value.file == str(table)


def test_a_table_of_classes_is_no_cloud_and_is_mentioned(tmp_path: Path) -> None:
    put(tmp_path, "1.npy", "2.npy")
    for text in ("class;file\nmug;1.npy\n", "\ufefffile,class\n1.npy,mug\n", '"file","class"\n"1.npy","mug"\n'):
        (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
        with pytest.warns(ConcluWarning, match="labels.csv is not used; give dataset.labels=labels.csv"):
            dataset = build(tmp_path)
        assert len(dataset.files) == 2 and "1 table of classes" in dataset.files.skipped[0]
    (tmp_path / "labels.csv").write_text("x,y,z\n" + "1,2,3\n4,5,6\n" * 10)  # a cloud
    assert len(build(tmp_path).files) == 3


def test_options_of_tables_that_exclude_each_other(tmp_path: Path) -> None:
    put(tmp_path, "a/1.npy", "b/2.npy")
    table = write_table(tmp_path / "t.csv", [("file", "class"), ("a/1.npy", "x"), ("b/2.npy", "y")])
    with raises(ConfigError, argument="labels"):
        build(tmp_path, labels=str(table), classes="folders")
    with raises(ConfigError, argument="split_by"):
        build(tmp_path, labels=str(table), split_by="csv")
    with raises(DataError, argument="labels"):
        build(tmp_path, labels="nowhere.csv")


def test_splits_of_a_table_come_before_those_of_folders(tmp_path: Path) -> None:
    put(tmp_path, "train/1.npy", "test/2.npy", "extra/3.npy")
    rows = [("file", "class", "split"), ("train/1.npy", "a", "test"), ("test/2.npy", "b", "train")]
    table = write_table(tmp_path / "t.csv", [*rows, ("extra/3.npy", "a", "train")])
    found = contents(build(tmp_path, labels=str(table)))
    assert found == {"train": {"test/2.npy": "b", "extra/3.npy": "a"}, "test": {"train/1.npy": "a"}}
    with raises(DataError, file="extra/3.npy"):
        build(tmp_path, labels=str(table), split_by="folders")


def test_names_with_separators_of_lines_are_one_row(tmp_path: Path) -> None:
    put(tmp_path, "a\u2028b.npy", "c\x85.npy", "b.npy")
    rows = [("file", "class"), ("a\u2028b.npy", "x"), ("c\x85.npy", "y"), ("b.npy", "z")]
    table = write_table(tmp_path / "t.csv", rows)
    assert contents(build(tmp_path, labels=str(table), test_fraction=0)) == {"train": dict(rows[1:])}
    (tmp_path / "list.txt").write_text("a\u2028b.npy\r\nb.npy\n", encoding="utf-8")
    assert len(build(str(tmp_path / "list.txt")).files) == 2


SIZES = {"mug": 10, "vase": 25, "lamp": 5, "pair": 2, "single": 1}


def drawn_test_files(folder: Path, **options: Any) -> list[str]:
    dataset = build(folder, **options)
    rows = dataset._assigned.rows("test") if "test" in dataset.splits else []
    return [dataset.files.names[row] for row in rows]


def test_the_draw_is_the_same_as_one_class_after_another() -> None:
    rng = np.random.default_rng(0)
    files, labels = [f"{index}.npy" for index in range(500)], rng.integers(0, 40, 500)
    labels[labels == 7] = 8  # a class without files
    drawn = draw_test_files(files, labels, 0.3, 5)
    keys = [hashlib.blake2b(f"5/{name}".encode(), digest_size=16).digest() for name in files]
    counts = share_of_each(np.bincount(labels), 0.3)
    for label, count in enumerate(counts):
        own = sorted(np.flatnonzero(labels == label), key=keys.__getitem__)
        assert drawn[own].tolist() == [True] * count + [False] * (len(own) - count)


def test_the_test_split_is_drawn_for_each_class_by_name_alone(tmp_path: Path) -> None:
    folder = put(tmp_path / "a", *(f"{name}/{i}.npy" for name, size in SIZES.items() for i in range(size)))
    drawn = drawn_test_files(folder)
    counts = {name: sum(file.startswith(f"{name}/") for file in drawn) for name in SIZES}
    assert counts == {"mug": 2, "vase": 5, "lamp": 1, "pair": 1, "single": 0}
    shutil.copytree(folder, tmp_path / "renamed")
    assert drawn_test_files(tmp_path / "renamed") == drawn
    listed = tmp_path / "a" / "list.txt"
    every = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.npy"))
    listed.write_text("\n".join(every[::-1]))
    assert sorted(drawn_test_files(listed, classes="folders")) == sorted(drawn)
    listed.unlink()
    assert sorted(drawn_test_files(folder, seed=1)) != sorted(drawn)
    half = drawn_test_files(folder, test_fraction=0.5)
    assert set(drawn) < set(half) and len([file for file in half if file.startswith("mug/")]) == 5
    assert drawn_test_files(folder, test_fraction=0) == []


def test_a_missing_test_split_says_why(tmp_path: Path) -> None:
    put(tmp_path, "only.npy")
    dataset = build(tmp_path)
    assert dataset.splits == ("train",) and len(dataset.get_split("train")) == 1
    for split in ("test", "val"):
        with raises(DataError, argument="split", got=split):
            dataset.get_split(split)


def test_names_of_files_may_be_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [os.fsdecode(name) for name in (b"[x] #1/caf\xe9.npy", "b/日本.npy".encode(), b"b/a\nb.npy", b"b/'q,.npy")]
    put(tmp_path, *files)
    (tmp_path / os.fsdecode(b"b/bad\xe9.npy")).write_bytes(b"no array")
    monkeypatch.chdir(tmp_path)
    for paths in (".", "*", "**/*.npy", f"../{tmp_path.name}/", str(tmp_path)):
        dataset = build(paths, test_fraction=0, on_error="skip")
        assert sorted(dataset.get_split("train").names) == sorted(files)
        assert dataset.label_to_names == {0: "[x] #1", 1: "b"}


def test_lists_patterns_and_several_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "x/a/1.npy", "x/b/2.npy", "y/a/3.npy", "y/c/4.npy")
    (tmp_path / "x" / "b" / "note.md").touch()
    (tmp_path / "list.txt").write_text(f"# two files\nx/a/1.npy\n\n{tmp_path}/y/c/4.npy\n")
    both = {"x/a/1.npy": "a", "x/b/2.npy": "b", "y/a/3.npy": "a", "y/c/4.npy": "c"}
    for place in (tmp_path, Path()):
        monkeypatch.chdir(tmp_path)
        found = contents(build([str(place / "x"), str(place / "y")], test_fraction=0))
        assert found == {"train": both}
        found = contents(build(str(place / "x" / "**"), test_fraction=0))
        assert found == {"train": {"a/1.npy": "a", "b/2.npy": "b"}}
        found = contents(build(str(place / "*" / "a" / "*.npy"), test_fraction=0))
        assert found == {"train": {"x/a/1.npy": "x", "y/a/3.npy": "y"}}
        found = contents(build(str(place / "[x]*"), test_fraction=0, classes="folders"))
        assert found == {"train": {"x/a/1.npy": "x", "x/b/2.npy": "x"}}
        found = contents(build(str(place / "list.txt"), test_fraction=0))
        assert found == {"train": {"x/a/1.npy": "x", "y/c/4.npy": "y"}}
        found = contents(build([str(place / "x" / "a"), str(place / "x" / "a" / "1.npy")], test_fraction=0))
        assert found == {"train": {"1.npy": "unlabelled"}}
        assert len(build([str(place / "x"), str(tmp_path / "x"), "./x/../x/a"], test_fraction=0).files) == 2


def test_patterns_skip_the_kinds_of_files_that_folders_skip(tmp_path: Path) -> None:
    """A pattern and its folder give the same files, and name the same others."""
    scans = (
        put(tmp_path, "p/a/1.npy", "p/a/2.npy", "p/b/3.npy", "p/b/predictions/4.npy", "p/b/predictions/in/5.npy") / "p"
    )
    for name in ("README.txt", "LICENSE.txt", "train_files.txt", "note.md"):
        (scans / "a" / name).write_text("1 2 3\n")
    (scans / "b" / "labels.csv").write_text("file,class\n3.npy,b\n")
    (scans / "b" / "predictions" / "labels.csv").write_text("label,name,color\n")
    (scans / "a" / "gone.npy").symlink_to(tmp_path / "nowhere")
    folder = build(scans, test_fraction=0).files
    assert list(folder.names[:]) == ["a/1.npy", "a/2.npy", "b/3.npy"]
    for pattern in ("**", "**/*.*", "**/*"):
        found = build(str(scans / pattern), test_fraction=0).files
        assert sorted(set(found.names[:])) == list(folder.names[:]), pattern
    (sentence,) = build(str(scans / "a" / "*"), test_fraction=0).files.skipped
    assert sentence == f"skipped of {scans}/a/*: 1 .md, 1 broken link, 2 document, 1 list of a data set."
    (sentence,) = build(str(scans / "b" / "**" / "*.npy"), test_fraction=0).files.skipped
    assert sentence == f"skipped of {scans}/b/**/*.npy: the predictions in {scans}/b/predictions."
    with pytest.raises(DataError, match=r"contains no clouds .*1 list of a data set"):
        build(str(scans / "a" / "*.txt"))


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ("nowhere", "there is no file or folder"),
        ("full/*.ply", "matches no file"),
        ("empty", "contains no clouds"),
        ("list.txt", "line 2: expected a file of a cloud"),
        ("full/note.md", "expected a file with one of the suffixes"),
        ([], "got none"),
    ],
)
def test_paths_without_clouds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: Any, words: str
) -> None:
    put(tmp_path, "full/1.npy")
    (tmp_path / "full" / "note.md").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.txt").write_text("full/1.npy\nfull/2.npy\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=words):
        build(paths)


def test_a_file_of_several_clouds_gives_several_clouds_of_its_class(tmp_path: Path) -> None:
    clouds = np.stack([cloud(str(index), 50) for index in range(7)])
    (tmp_path / "a").mkdir()
    np.save(tmp_path / "a" / "many.npy", clouds)
    put(tmp_path, "b/one.npy")
    dataset = build(tmp_path, test_fraction=0, transform=[])
    train = dataset.get_split("train")
    assert names(train) == [*(f"a/many.npy/{index:04d}" for index in range(7)), "b/one.npy"]
    assert train.y.tolist() == [0] * 7 + [1]
    for index in range(7):
        np.testing.assert_array_equal(train.pos[index], chosen(f"a/many.npy/{index:04d}", clouds[index]))


def test_many_clouds_of_a_file_pass_through_a_temporary_file(tmp_path: Path, cache: Path) -> None:
    clouds = np.random.default_rng(0).normal(size=(600, 400, 3)).astype(np.float32)  # 2.9 MB
    np.save(tmp_path / "many.npy", clouds)
    train = build(tmp_path, num_points=400, transform=[]).get_split("train")
    np.testing.assert_array_equal(train.pos, clouds)
    assert [path.name for path in cache.iterdir()] == [f"{tmp_path.name}-train-{os.listdir(cache)[0][-16:]}"]


def test_the_points_of_a_cloud_depend_on_its_name_alone(tmp_path: Path) -> None:
    put(tmp_path, "a/1.npy", "a/2.npy", "b/3.npy", size=100)
    cloud_files.write_off(tmp_path / "b" / "m.off")
    first = build(tmp_path, test_fraction=0, transform=[]).get_split("train")
    shutil.copytree(tmp_path, tmp_path.parent / "renamed")
    (tmp_path.parent / "renamed" / "a" / "1.npy").unlink()
    second = build(tmp_path.parent / "renamed", test_fraction=0, transform=[]).get_split("train")
    assert names(second) == names(first)[1:]
    np.testing.assert_array_equal(second.pos, first.pos[1:])
    assert not np.array_equal(build(tmp_path, seed=1, test_fraction=0, transform=[]).get_split("train").pos, first.pos)


def looped_blocks(points: np.ndarray, size: float, step: float, axes: tuple[int, int]) -> dict[str, np.ndarray]:
    """Returns the points of each block, found one point and one block at a time."""
    low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
    counts = [1 + max(0, math.ceil((high[axis] - low[axis] - size) / step)) for axis in axes]
    blocks: dict[str, np.ndarray] = {}
    for i in range(counts[0]):
        for j in range(counts[1]):
            inside = []
            for point in points:
                place = [float(point[axis]) - low[axis] for axis in axes]
                ok = [
                    start * step <= value and (value < start * step + size or start == count - 1)
                    for value, start, count in zip(place, (i, j), counts, strict=True)
                ]
                if all(ok):
                    inside.append(point)
            if inside:
                blocks[f"block_{i}_{j}"] = np.array(inside)
    return blocks


@pytest.mark.parametrize(("up_axis", "axes"), [("z", (0, 1)), ("y", (0, 2)), ("x", (1, 2))])
@pytest.mark.parametrize("overlap", [0.5, 0.0, 0.3])
def test_scenes_are_cut_into_overlapping_blocks(
    tmp_path: Path, up_axis: str, axes: tuple[int, int], overlap: float
) -> None:
    scene = np.random.default_rng(1).uniform(0, (6, 5, 4), size=(1200, 3)).astype(np.float32)
    np.save(tmp_path / "scene.npy", scene)
    options = {"block_size": 2.0, "block_overlap": overlap, "min_points": 30, "up_axis": up_axis, "transform": []}
    with pytest.warns(ConcluWarning) as warned:
        train = build(tmp_path, num_points=4000, **options).get_split("train")
    blocks = looped_blocks(scene, 2.0, 2.0 * (1 - overlap), axes)
    kept = {f"scene.npy/{name}": points for name, points in blocks.items() if len(points) >= 30}
    assert names(train) == list(kept) and len(kept) > 3
    for found, points in zip(train.pos, kept.values(), strict=True):  # filled up by repeating points
        np.testing.assert_array_equal(np.unique(found, axis=0), np.unique(points, axis=0))
    small = len(blocks) - len(kept)
    expected = f"{small:,} of {len(blocks):,} blocks have fewer than dataset.min_points=30 points"
    assert any(expected in str(each.message) for each in warned) == (small > 0)


def test_blocks_whose_points_coincide_are_told_from_small_ones(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    blocks = [rng.uniform(0, 1, (40, 3)), [[5, 0, 0]] * 40, [[9.9, 0.5, 0]] * 3]
    np.save(tmp_path / "scene.npy", np.concatenate(blocks).astype(np.float32))
    with pytest.warns(ConcluWarning) as warned:
        train = build(tmp_path, block_size=1.0, block_overlap=0.0, min_points=16).get_split("train")
    assert names(train) == ["scene.npy/block_0_0"]
    text = " ".join(str(each.message) for each in warned)
    assert "1 of 3 blocks have fewer than dataset.min_points=16" in text
    assert "the points of 1 of 3 blocks coincide" in text
    np.save(tmp_path / "scene.npy", np.repeat([[0, 0, 0], [5, 0, 0.0]], 40, axis=0))
    with pytest.raises(DataError, match="its points coincide in each of its blocks of at least 16 points"):
        build(tmp_path, block_size=1.0, block_overlap=0.0, min_points=16).get_split("train")


def test_blocks_are_bounded_and_a_large_block_is_the_whole_scene(tmp_path: Path) -> None:
    put(tmp_path, "scene.npy", size=100)
    assert names(build(tmp_path, block_size=100).get_split("train")) == ["scene.npy/block_0_0"]
    with raises(DataError, file=tmp_path / "scene.npy"):
        build(tmp_path, block_size=1e-6).get_split("train")
    with pytest.raises(DataError, match="all of its blocks have fewer than"):
        build(tmp_path, block_size=0.1).get_split("train")


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Twenty files, of which two cannot be used."""
    put(tmp_path, *(f"{name}/{i}.npy" for name in ("mug", "vase") for i in range(10)))
    (tmp_path / "mug" / "3.npy").write_bytes(b"no array")
    np.save(tmp_path / "vase" / "7.npy", np.zeros((3, 3), np.float32) + np.arange(3)[:, None])
    return tmp_path


def test_the_first_file_with_an_error_stops_the_reading(damaged: Path) -> None:
    with raises(DataError, file=damaged / "mug" / "3.npy") as error:
        build(damaged, test_fraction=0).get_split("train")
    assert str(error.value).endswith("(dataset.on_error=skip leaves out such files.)")


def test_skipped_files_are_listed_with_the_cache_entry(damaged: Path, cache: Path) -> None:
    options = {"test_fraction": 0, "on_error": "skip"}
    for _ in range(2):  # also when the entry is used again
        with pytest.warns(ConcluWarning, match="2 of 20 files could not be used") as warned:
            train = build(damaged, **options).get_split("train")
    assert len(train) == len(train.y) == 18 and not {"mug/3.npy", "vase/7.npy"} & set(train.names)
    (listed,) = cache.glob("*/skipped.csv")
    (sentence,) = [str(each.message) for each in warned if "could not be used" in str(each.message)]
    assert sentence.endswith(f"; the list is in {listed}.") and "fewer than dataset.min_points=16" in sentence
    with listed.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [str(damaged / "mug" / "3.npy"), str(damaged / "vase" / "7.npy")]
    assert all(row["reason"] for row in rows)
    with raises(DataError):  # an entry without these files is no entry for those who want all of them
        build(damaged, test_fraction=0).get_split("train")


def test_more_skipped_files_than_allowed_are_an_error(damaged: Path) -> None:
    with raises(DataError, argument="max_skipped", got=2):
        build(damaged, test_fraction=0, on_error="skip", max_skipped=0.05).get_split("train")
    with raises(DataError, got=1):
        build(damaged, test_fraction=0, on_error="skip", max_skipped=0.0).get_split("train")


def test_the_share_of_skipped_files_is_not_rounded_twice(tmp_path: Path) -> None:
    report = ReadReport(100)
    policy = SkipPolicy("skip", 0.07, report, "x")  # 0.07 x 100 is a little above 7
    for index in range(7):
        policy.add(tmp_path / str(index), ["a", "b"])
    with raises(DataError, argument="max_skipped", got=8):
        policy.add(tmp_path / "7", ["a"])


def test_a_cloud_of_a_file_is_skipped_alone(tmp_path: Path) -> None:
    clouds = np.stack([cloud(str(index)) for index in range(4)])
    clouds[2] = np.nan
    np.save(tmp_path / "many.npy", clouds)
    with pytest.warns(ConcluWarning, match="1 of 1 file could not be used or not completely"):
        train = build(tmp_path, on_error="skip").get_split("train")
    assert names(train) == [f"many.npy/{index:04d}" for index in (0, 1, 3)]
    with pytest.raises(DataError, match=r"many.npy, cloud 0002"):
        build(tmp_path).get_split("train")


def test_nothing_but_skipped_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "1.npy").write_bytes(b"no array")
    with raises(DataError, got=0):
        build(tmp_path, on_error="skip", max_skipped=1.0).get_split("train")


def test_a_file_that_ends_the_process_of_its_reader_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    put(tmp_path, *(f"{i:02d}.npy" for i in range(17)))  # so many that other processes read them
    monkeypatch.setattr(cloud_folder, "read_file", cloud_files.read_file_that_may_end_its_process)
    (tmp_path / "11.npy").rename(tmp_path / "11 ends.npy")
    with pytest.warns(ConcluWarning, match=r"1 of 17 files could not .*the process that read it ended"):
        train = build(tmp_path, test_fraction=0, on_error="skip").get_split("train")
    assert names(train) == [f"{i:02d}.npy" for i in range(17) if i != 11]
    assert not list(cache.glob(".unfinished*"))


def test_the_cache_is_used_until_a_file_changes(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a/1.npy", "b/2.npy")
    first = np.asarray(build(tmp_path, test_fraction=0).get_split("train").pos)
    reads = []

    def counted(path: Path, options: Any) -> Any:
        reads.append(path.name)
        return read(path, options)

    read = cloud_folder.read_file
    monkeypatch.setattr(cloud_folder, "read_file", counted)
    again = build(tmp_path, test_fraction=0).get_split("train")
    assert reads == [] and np.array_equal(again.pos, first)
    np.save(tmp_path / "a" / "1.npy", cloud("another"))
    changed = build(tmp_path, test_fraction=0).get_split("train")
    assert reads == ["1.npy", "2.npy"] and not np.array_equal(changed.pos[0], first[0])
    for options in ({"num_points": 16}, {"min_points": 8}, {"seed": 3}, {"classes": "none"}, {"block_size": 50.0}):
        reads.clear()
        build(tmp_path, test_fraction=0, **options).get_split("train")
        assert reads == ["1.npy", "2.npy"], options


def test_a_moved_class_makes_a_new_entry(tmp_path: Path) -> None:
    """The table changes and the files do not."""
    put(tmp_path, "1.npy", "2.npy")
    for pair in ("ab", "ba"):
        rows = [("file", "class"), ("1.npy", pair[0]), ("2.npy", pair[1])]
        dataset = build(tmp_path, labels=str(write_table(tmp_path / "labels.csv", rows)), test_fraction=0)
        assert contents(dataset) == {"train": {"1.npy": pair[0], "2.npy": pair[1]}}


def test_many_files_are_listed_without_opening_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (tmp_path / f"class{number:02d}").mkdir()
        for index in range(1000):
            (tmp_path / f"class{number:02d}" / f"{index:04d}.ply").touch()
    opened = []
    builtin, low = open, os.open
    monkeypatch.setattr("builtins.open", lambda *args, **kwargs: (opened.append(args), builtin(*args, **kwargs))[1])
    monkeypatch.setattr("io.open", lambda *args, **kwargs: (opened.append(args), builtin(*args, **kwargs))[1])
    monkeypatch.setattr(os, "open", lambda *args, **kwargs: (opened.append(args), low(*args, **kwargs))[1])
    dataset = build(tmp_path, up_axis="auto")
    assert not [arguments for arguments in opened if str(tmp_path) in str(arguments[0])]
    assert len(dataset.files) == 20_000 and len(dataset.label_to_names) == 20
    assert len(dataset._assigned.rows("test")) == 4000
    assert not any(isinstance(value, list) for value in vars(dataset.files).values())


@pytest.mark.parametrize("up_axis", ["y", "z"])
def test_the_up_axis_is_measured(tmp_path: Path, up_axis: str) -> None:
    shapes = DATASETS.build({"name": "ParametricShapes", "num_shapes": 80, "num_points": 256, "noise": 0.0})
    for index in range(80):
        points, _, label = shapes.make("train", index)
        folder = tmp_path / shapes.label_to_names[label]
        folder.mkdir(exist_ok=True)
        np.save(folder / f"{index}.npy", points if up_axis == "z" else points[:, [1, 2, 0]])
    (tmp_path / shapes.label_to_names[0] / "broken.npy").write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert build(tmp_path, up_axis="auto").up_axis == "xyz".index(up_axis)
    few = build(str(tmp_path / "*" / "1*.npy"), up_axis="auto")
    with pytest.warns(ConcluWarning, match="the up axis of the clouds is not known; assuming z"):
        assert few.up_axis == 2


TINY = [
    *("dataset.num_points=64", "pipeline.epochs=1", "pipeline.batch_size=4", "pipeline.device=cpu"),
    *("model.encoder.out_channels=32", "model.projector.hidden_channels=32", "model.clusterer.num_prototypes=4"),
]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with twelve scans in two folders."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "scans", *(f"{name}/{i}.npy" for name in ("mug", "vase") for i in range(6)), size=80)
    return tmp_path


def test_a_folder_is_trained_on_by_the_command_line(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "conclu_pointnet", "dataset=scans", *TINY, "pipeline.run_dir=run"]) == 0
    config = load_run("run").config["dataset"]
    assert config == {"name": "CloudFolder", "paths": "scans", "num_points": 64}
    assert load_run("run").dataset.label_to_names == {0: "mug", 1: "vase"}
    assert main(["evaluate", "run", "--probe", "knn"]) == 0
    assert "nearest neighbors on scans, PointNet, pre-trained on scans" in capsys.readouterr().out
    assert main(["predict", "run", "scans"]) == 2
    assert main(["predict", "run", "dataset=scans", "scans"]) == 2
    assert main(["train", "conclu_pointnet", "dataset=scans", "pipeline.run_dir=run"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("cannot predict any") == 2 and "holds files already" in errors


def test_unlabelled_clouds_are_trained_on_and_have_no_labels_to_probe(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from conclu_pyg import embed, load_encoder

    arguments = ["conclu_pointnet", "dataset=scans", "dataset.classes=none", *TINY, "pipeline.run_dir=run"]
    assert main(["train", *arguments]) == 0
    capsys.readouterr()
    assert main(["evaluate", "run"]) == 2
    assert "error: scans has no labels, which the probe svm needs;" in capsys.readouterr().err
    assert main(["evaluate", "run", "dataset=scans", "--probe", "knn"]) == 0  # with the classes of the folders
    assert embed(load_encoder("run"), ["scans/mug/1.npy"]).shape == (1, 32)
    assert main(["train", "classify_pointnet", "dataset=scans", "dataset.classes=none"]) == 2
    assert "Classifier needs the classes of the clouds, which have no labels" in capsys.readouterr().err


def test_a_classifier_is_trained_on_a_folder(small: Path) -> None:
    tiny = [word for word in TINY if not word.startswith(("model.projector", "model.clusterer"))]
    assert main(["train", "classify_pointnet", "dataset=scans", *tiny, "pipeline.run_dir=run"]) == 0
    assert main(["evaluate", "run"]) == 0
    assert main(["predict", "run", "scans/mug", "--out", "answers"]) == 0


def test_a_run_folder_in_use_is_noticed_before_the_clouds_are_read(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (small / "run").mkdir()
    (small / "run" / "notes.md").touch()
    reads = []
    monkeypatch.setattr(cloud_folder, "read_file", lambda path, options: reads.append(path))
    assert main(["train", "conclu_pointnet", "dataset=scans", *TINY, "pipeline.run_dir=run"]) == 2
    assert "holds files already" in capsys.readouterr().err and reads == []
    config = load_config("conclu_pointnet", ["dataset=scans", *TINY, "pipeline.run_dir=run"])
    with raises(ConfigError, argument="run_dir"):
        build_pipeline(config).run_train()
    assert reads == []


def test_clouds_with_broken_points_are_trained_on(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Double precision, points that are not finite, and coordinates of a national grid."""
    for index, path in enumerate(sorted((small / "scans").rglob("*.npy"))):
        points = np.load(path).astype(np.float64) + np.array([500_000, 5_000_000, 0])
        points[index] = np.nan, 1, np.inf
        np.save(path, points)
    assert main(["train", "conclu_pointnet", "dataset=scans", *TINY, "pipeline.run_dir=run"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "10 of 10 clouds: points that are not finite numbers were removed" in shown
    assert "10 of 10 clouds: far from the origin, moved to the origin" in shown


def test_a_folder_smaller_than_a_batch_says_what_to_set(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "conclu_pointnet", "dataset=scans"]) == 2
    error = capsys.readouterr().err
    assert (
        "pipeline.batch_size=32 is more than the 10 clouds of the training split; give pipeline.batch_size=10" in error
    )


def test_a_folder_in_place_of_a_config_is_explained(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "scans"]) == 2
    assert "`conclu train conclu_pointnet dataset=scans`" in capsys.readouterr().err


def test_a_missing_library_is_not_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "1.npy", "2.npy")

    def read(path: Path, options: Any) -> Any:
        raise ConcluError("reading .npy needs a library; install it.")

    monkeypatch.setattr(cloud_folder, "read_file", read)
    with pytest.raises(ConcluError, match="install it"):
        build(tmp_path, on_error="skip", max_skipped=1.0).get_split("train")
