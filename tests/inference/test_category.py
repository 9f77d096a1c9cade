"""Categories from the names of files and folders."""

import re
from pathlib import Path

import pytest
from helpers import raises

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.category import category_of, check_categories

CLASSES = ("chair", "table", "Mug")
WORDS = ("cup", "cup_holder", "flower_pot", "night-stand", "range hood", "t1", "Großes Bett")


@pytest.mark.parametrize(
    ("path", "root", "label", "source"),
    [
        ("chair/x.ply", "chair", 0, "the name of folder chair"),
        ("x/Table/test/1.ply", "x", 1, "the name of folder x/Table"),
        ("x/Table/mug/1.ply", "x/Table", 2, "the name of folder x/Table/mug"),
        ("mug_0001.ply", ".", 2, "the file name"),
        ("/a/mug12.ply", "/a", 2, "the file name"),
        ("table/chair_3.npy", "table", 0, "the file name"),
    ],
)
def test_a_category_is_found_in_the_names(path: str, root: str, label: int, source: str) -> None:
    found = category_of(Path(path), Path(root), CLASSES, None)
    assert found == (label, f"category {CLASSES[label]} from {source}")
    assert category_of(Path(path), Path(root), CLASSES, "table") == (1, "")


def test_folders_of_shapenet_are_named_by_the_list_next_to_them(tmp_path: Path) -> None:
    (tmp_path / "synsetoffset2category.txt").write_text("Chair\t03001627\nMug\t03797390\nLamp\t03636649\n")
    mug = tmp_path / "03797390" / "points" / "1.pts"
    source = f"the name of folder {tmp_path / '03797390'} in the synsetoffset2category.txt next to it"
    assert category_of(mug, tmp_path, CLASSES, None) == (2, f"category Mug from {source}")
    for unknown in ("03636649", "00000000"):  # of no class, and not listed
        with raises(DataError, file=tmp_path / unknown / "1.pts"):
            category_of(tmp_path / unknown / "1.pts", tmp_path, CLASSES, None)


def test_if_no_category_is_known_the_number_of_files_is_reported() -> None:
    roots = {Path(f"x/{i}.ply"): Path("x") for i in range(3)}
    with pytest.raises(DataError, match=r"^x/0\.ply: the category is not known \(nor that of the 2 other files\), but"):
        check_categories(roots, CLASSES, None)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("cup_holder_1", "cup_holder"), ("CUP_HOLDER", "cup_holder"), ("cup_holder12", "cup_holder"),
        ("cup-holder-1", "cup_holder"), ("cup_holders_1", "cup"), ("cup_1", "cup"), ("cup", "cup"), ("cup(2)", "cup"),
        ("flower_pot_0001", "flower_pot"), ("night-stand-3", "night-stand"), ("night_stand_3", "night-stand"),
        ("range hood 2", "range hood"), ("range_hood.scan", "range hood"), ("t1_5", "t1"),
        ("großes_bett_1", "Großes Bett"),
        ("cups_1", None), ("cupé_1", None), ("flower_1", None), ("my_cup", None), ("t12", None), ("t", None),
    ],
)  # fmt: skip
def test_the_longest_category_at_the_start_of_a_name_is_used(stem: str, name: str | None) -> None:
    for classes in (WORDS, WORDS[::-1]):
        if name is None:
            with raises(DataError, file=f"{stem}.ply"):
                category_of(Path(f"{stem}.ply"), Path("."), classes, None)
        else:
            note = f"category {name} from the file name"
            assert category_of(Path(f"{stem}.ply"), Path("."), classes, None) == (classes.index(name), note)


def test_of_names_that_differ_in_separators_only_the_exact_one_is_used() -> None:
    classes = ("a_b", "a-b", "a b")
    for label, name in enumerate(classes):
        assert category_of(Path(f"{name}_1.ply"), Path("."), classes, None)[0] == label


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/home/chair/scans/mug_like/1.ply", "/home/chair/scans"),
        ("chair/x/1.ply", "chair/x"),
        ("../mug/x/y.ply", "../mug/x"),
    ],
)
def test_folders_above_the_input_are_ignored(path: str, root: str) -> None:
    with raises(DataError, file=path):
        category_of(Path(path), Path(root), CLASSES, None)


def test_the_working_folder_has_its_resolved_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mug" / "x").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "mug")
    assert category_of(Path("x/1.ply"), Path("."), CLASSES, None)[0] == 2
    with raises(DataError, file="x/1.ply"):
        category_of(Path("x/1.ply"), Path("x"), CLASSES, None)


def test_an_unknown_category_is_refused_with_a_hint() -> None:
    with pytest.raises(
        DataError, match=re.escape("the category is not known, but the parts depend on it; give the cate")
    ):
        category_of(Path("scan.ply"), Path("."), CLASSES, None)


def test_a_category_that_is_no_class_of_the_run_is_refused_once_for_all_files() -> None:
    files = {Path("chair.ply"): Path("."), Path("scan.ply"): Path(".")}
    with pytest.raises(ConfigError, match=r"must be one of chair, table, Mug; got 'tabel'.*did you mean 'table'"):
        check_categories(files, CLASSES, "tabel")
    with raises(ConfigError, argument="category", got=""):
        check_categories({}, CLASSES, "")
    with pytest.raises(ConfigError, match=r"category mug needs input files, got none; leave it out"):
        check_categories({}, CLASSES, "mug")
    with raises(DataError, file="scan.ply"):
        check_categories({Path("scan.ply"): Path(".")}, CLASSES, None)
    check_categories(files, CLASSES, None)  # the one that is known can be predicted
    check_categories(files, CLASSES, "MUG")


@pytest.mark.parametrize("suffix", [".h5", ".HDF5"])
def test_ignored_labels_in_a_file_are_reported(suffix: str) -> None:
    with pytest.raises(
        DataError,
        match=r"is not known \(its data set 'label' is ignored: all clouds of a file must have the same category\)",
    ):
        category_of(Path(f"ply_data_test0{suffix}"), Path("."), CLASSES, None)
