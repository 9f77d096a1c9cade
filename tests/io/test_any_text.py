"""Text in which a line of names says where the coordinates are."""

from pathlib import Path

import pytest

from conclu_pyg.errors import DataError
from conclu_pyg.io.any_text import read_any_text

EXPECTED = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def read(path: Path, text: str) -> tuple[list[list[float]], list[str]]:
    path.write_text(text)
    points, notes = read_any_text(path, 100)
    return points.tolist(), notes


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("id,x,y,z\n7,1,2,3\n8,4,5,6\n", "2, 3, 4"),
        ('"ID";"Z";"Y";"X"\n7;3;2;1\n8;6;5;4\n', "4, 3, 2"),
        ("# label x y z\nchair 1 2 3\nchair 4 5 6\n", "2, 3, 4"),
        ("# a scan\n//R X Y Z\n\n9 1 2 3\n9 4 5 6\n", "2, 3, 4"),
        ("y\tx\tz\n2\t1\t3\n5\t4\t6\n", "2, 1, 3"),
    ],
    ids=["commas", "semicolons", "comment", "CloudCompare", "tabs"],
)
def test_named_columns_are_read_as_such(text: str, columns: str, tmp_path: Path) -> None:
    points, notes = read(tmp_path / "a.csv", text)
    assert points == EXPECTED and notes == [f"x, y and z are columns {columns} by their names"]


@pytest.mark.parametrize(
    "text",
    [
        "x y z\n1 2 3\n4 5 6\n",
        "# id x y z\n1 2 3\n4 5 6\n",  # names of other columns than there are
        "east,north,up\n1,2,3\n4,5,6\n",
        "z x\n1 2 3\n4 5 6\n",
        "2\n1 2 3\n4 5 6\n",
    ],
)
def test_without_a_name_for_each_column_the_first_three_are_read(text: str, tmp_path: Path) -> None:
    assert read(tmp_path / "a.txt", text) == (EXPECTED, [])


def test_columns_that_were_not_read_are_told(tmp_path: Path) -> None:
    points, notes = read(tmp_path / "a.txt", "x y z intensity\n1 2 3 9\n4 5 6 9\n")
    assert points == EXPECTED and notes == ["of 4 columns, those after the third were not read"]


def test_two_lines_of_names_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"found 'x y z'\); write x, y and z .*, after one line of names at most, or"):
        read(tmp_path / "a.txt", "my scan\nx y z\n1 2 3\n")


def test_words_in_a_named_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must hold a point on each line"):
        read(tmp_path / "a.txt", "id x y z\na 1 2 3\nb one 2 3\n")
