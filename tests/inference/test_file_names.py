"""File names for clouds."""

from pathlib import Path

import pytest

from conclu_pyg.inference.file_names import FileNames, file_name


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


def test_clouds_of_one_name_are_kept_apart() -> None:
    names = FileNames()
    assert [names.unique(name) for name in ("a", "A", "a", "b/c", "b_c")] == ["a", "A-2", "a-3", "b_c", "b_c-2"]


def test_a_number_that_a_name_has_itself_is_left_out() -> None:
    names = FileNames()
    assert [names.unique(name) for name in ("a-2", "a", "a", "a")] == ["a-2", "a", "a-3", "a-4"]


def test_the_next_free_number_of_a_name_is_remembered() -> None:
    class Counted(set[str]):
        looks = 0

        def __contains__(self, name: object) -> bool:
            self.looks += 1
            return super().__contains__(name)

    names = FileNames()
    taken = names._taken = Counted(("a-3",))
    assert [names.unique(name) for name in ("a", "A", "a", "a-2", *["a"] * 46)][-1] == "a-50"
    assert taken.looks < 3 * 50


def test_names_of_files_that_are_there_are_taken(tmp_path: Path) -> None:
    for name in ("A.ply", "b_labels.npy", "b-2.PLY", "c.txt", "d_labels.npy.bak", ".ply"):
        (tmp_path / name).touch()
    names = FileNames()
    names.keep(tmp_path, [".ply", "_labels.npy"])
    assert [names.unique(name) for name in ("a", "b", "b-2", "c", "d")] == ["a-2", "b-3", "b-2-2", "c", "d"]
