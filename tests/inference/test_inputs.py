"""Which clouds are meant, and what is known of them."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.data.readers.any_cloud import Cloud
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.inputs import category_of, check_out, check_truth, cloud_files, file_name, true_parts

CLASSES = ("chair", "table", "Mug")


def test_folders_are_looked_into_and_files_are_taken_as_they_are(tmp_path: Path) -> None:
    for name in ("b/2.npy", "b/1.txt", "b/c/3.OFF", "b/note.md", "a.unknown"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    files = cloud_files([str(tmp_path / "a.unknown"), str(tmp_path / "b")])
    assert [str(file.relative_to(tmp_path)) for file in files] == ["a.unknown", "b/1.txt", "b/2.npy", "b/c/3.OFF"]


@pytest.mark.parametrize(("name", "message"), [("nothing", "there is no file or folder"), ("", "holds no clouds")])
def test_names_of_nothing_are_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        cloud_files([str(tmp_path / name)])


@pytest.mark.parametrize(
    ("path", "label"),
    [("chair/x.ply", 0), ("x/Table/test/1.ply", 1), ("mug_0001.ply", 2), ("mug12.ply", 2), ("table/chair_3.npy", 0)],
)
def test_a_category_is_found_in_the_names(path: str, label: int) -> None:
    assert category_of(Path(path), CLASSES, None) == label
    assert category_of(Path(path), CLASSES, "table") == 1


def test_a_category_that_nothing_says_is_asked_for() -> None:
    with pytest.raises(
        DataError, match=re.escape("its category is not known, and the parts depend on it; give --cate")
    ):
        category_of(Path("scan.ply"), CLASSES, None)
    with pytest.raises(ConfigError, match="--category tabel is none of chair, table, Mug; did you mean 'table'"):
        category_of(Path("chair.ply"), CLASSES, "tabel")


def cloud(size: int = 4, rows: list[int] | None = None, part: list[int] | None = None) -> Cloud:
    points = np.zeros((size, 3), dtype=np.float32)
    return Cloud("x", points, None if rows is None else np.array(rows), None if part is None else np.array(part))


def test_there_may_be_no_truth_and_a_file_may_hold_it() -> None:
    assert true_parts(Path("x.ply"), cloud(), None, [0, 1]) == (None, ())
    truth, notes = true_parts(Path("x.h5"), cloud(part=[0, 1, 1, 0]), None, [0, 1])
    assert truth is not None and truth.tolist() == [0, 1, 1, 0] and not notes


def test_parts_of_the_file_that_the_category_does_not_have_are_left_out() -> None:
    truth, notes = true_parts(Path("x.h5"), cloud(part=[0, 1, 1, 7]), None, [0, 1])
    assert truth is None and notes == ("the parts that the file has were left out, for they are not among 0, 1",)


@pytest.mark.parametrize("suffix", [".seg", ".npy", ".txt"])
def test_truth_lies_in_a_file_or_under_the_clouds_name_in_a_folder(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    if suffix == ".npy":
        np.save(path, np.array([3, 4, 3, 4, 3]))
    else:
        path.write_text("3\n4\n3\n4\n3\n")
    for place in (path, tmp_path):
        truth, _ = true_parts(Path("x.ply"), cloud(5), place, [3, 4])
        assert truth is not None and truth.tolist() == [3, 4, 3, 4, 3]
    kept, _ = true_parts(Path("x.ply"), cloud(2, rows=[1, 4]), path, [3, 4])
    assert kept is not None and kept.tolist() == [4, 3]


@pytest.mark.parametrize(
    ("labels", "points", "message"),
    [
        ([3, 4, 3], cloud(4), "has 3 labels and x.ply 4 points; give one for each"),
        ([3, 4, 3, 3, 3], cloud(4), "has 5 labels and x.ply 4 points"),
        ([3, 4, 3], cloud(2, rows=[0, 3]), "has 3 labels and x.ply 4 points"),
        ([3, 4, 5, 3], cloud(4), "labels points with the part 5, but the category has the parts 3, 4"),
    ],
    ids=["short", "long", "short of the last", "foreign"],
)
def test_labels_that_do_not_fit_are_refused(labels: list[int], points: Cloud, message: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array(labels))
    with pytest.raises(DataError, match=message):
        true_parts(Path("x.ply"), points, tmp_path / "x.npy", [3, 4])


def test_missing_truth_is_said_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no part labels for x.ply: looked for .*x.seg, .*x.npy, .*x.txt"):
        true_parts(Path("x.ply"), cloud(), tmp_path, [0])


def test_of_several_clouds_in_a_file_each_has_labels_of_its_own(tmp_path: Path) -> None:
    np.save(tmp_path / "x_0001.npy", np.array([3, 4, 3, 4]))
    second = replace(cloud(), name="x_0001")
    truth, _ = true_parts(Path("x.h5"), second, tmp_path, [3, 4])
    assert truth is not None and truth.tolist() == [3, 4, 3, 4]
    with pytest.raises(DataError, match=r"^x.h5 holds several clouds, and --truth .* is one file of labels; name a f"):
        true_parts(Path("x.h5"), second, tmp_path / "x_0001.npy", [3, 4])


def test_one_file_of_labels_for_several_files_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    labels, files = tmp_path / "labels.npy", [Path("a.ply"), Path("b.ply")]
    with pytest.raises(DataError, match=r"there is no file or folder .* of part labels"):
        check_truth(labels, files[:1])
    labels.touch()
    with pytest.raises(ConfigError, match="is one file of labels, and 2 files are meant; name a folder"):
        check_truth(labels, files)
    check_truth(labels, files[:1])
    check_truth(tmp_path, files)
    check_truth(None, files)


def test_answers_may_lie_beside_what_is_read_but_not_among_it(tmp_path: Path) -> None:
    file = tmp_path / "scans" / "x.ply"
    for out in ("answers", "scans/answers", "scan"):
        check_out(tmp_path / out, [str(tmp_path / "scans")], [file])
    for out in ("scans", "scans/../scans", ".", "scans/x.ply"):
        with pytest.raises(ConfigError, match="would write among what is read"):
            check_out(tmp_path / out, [str(file)], [file])


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("chair/chair_0001", "chair_chair_0001"), ("../../etc", ".._.._etc"), ("..", "cloud"), ("", "cloud"),
        ("a b\n\0c\\d:e", "a_b__c_d_e"), ("Stühle-1.2", "Stühle-1.2"), ("x" * 300, "x" * 100), ("ü" * 300, "ü" * 50),
        ("\udcff", "_"), ("/", "_"),
    ],
)  # fmt: skip
def test_names_from_data_become_names_of_files(name: str, safe: str) -> None:
    assert file_name(name) == safe
