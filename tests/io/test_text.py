"""Readers of text: columns of a table, and clouds with or without a header."""

from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.text import read_columns, read_text, read_text_cloud

EXPECTED = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize("text", ["1,2,3,0,0,1\n4,5,6,0,0,1\n", "1,2,3\r\n4,5,6", "# xyz\n1, 2, 3\n\n4,5,6,7,8,9,10\n"])
def test_reads_the_first_three_columns(tmp_path: Path, text: str) -> None:
    path = tmp_path / "chair_0001.txt"
    path.write_bytes(text.encode())
    points = read_text_cloud(path)
    assert points.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_an_empty_file_is_a_cloud_without_points(tmp_path: Path) -> None:
    path = tmp_path / "chair_0001.txt"
    path.touch()
    assert len(read_text_cloud(path)) == 0


@pytest.mark.parametrize("text", ["1,2\n", "1 2 3\n", "1,2,x\n", "1,2,3\n4,5\n", "\x00\x01\x02"])
def test_rejects_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "chair_0001.txt"
    path.write_text(text)
    with raises(DataError, file=path, expected="three comma-separated coordinates first on each line"):
        read_text_cloud(path)


@pytest.mark.parametrize("text", ["1 2 3 4\n5 6 7 8\n", "1\t2  3\t4\r\n\n5 6 7 8 9"])
def test_reads_some_columns_between_white_space(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.pts"
    path.write_text(text)
    assert read_columns(path, (0, 3), "four numbers").tolist() == [[1, 4], [5, 8]]
    assert read_columns(path, (1,), "four numbers").tolist() == [[2], [6]]
    with raises(DataError, file=path):
        read_columns(path, (5,), "six numbers")
    path.write_text("")
    assert read_columns(path, (0, 3), "four numbers").shape == (0, 2)


def test_rejects_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_text_cloud(tmp_path / "none.txt")


def test_reads_a_real_cloud(conclu_data: Path) -> None:
    points = read_text_cloud(conclu_data / "raw/modelnet40_normal_resampled/chair/chair_0391.txt")
    assert points.shape == (10000, 3) and np.allclose(points[0], [-0.0842, -0.5803, -0.07181])


def read_notes(path: Path, text: str) -> tuple[list[list[float]], list[str]]:
    path.write_text(text)
    points, notes = read_text(path, 100)
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
def test_named_columns_are_found(text: str, columns: str, tmp_path: Path) -> None:
    points, notes = read_notes(tmp_path / "a.csv", text)
    assert points == EXPECTED and notes == [f"x, y and z were read from columns {columns} by the header"]


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
    assert read_notes(tmp_path / "a.txt", text) == (EXPECTED, [])


def test_ignored_columns_are_noted(tmp_path: Path) -> None:
    points, notes = read_notes(tmp_path / "a.txt", "x y z intensity\n1 2 3 9\n4 5 6 9\n")
    assert points == EXPECTED and notes == ["columns 4 to 4 were ignored"]


def test_two_header_lines_are_rejected(tmp_path: Path) -> None:
    with raises(DataError, file=tmp_path / "a.txt", got="x y z") as error:
        read_notes(tmp_path / "a.txt", "my scan\nx y z\n1 2 3\n")
    assert " (got 'x y z'); write x, y and z " in str(error.value)


def test_text_in_a_named_column_is_rejected(tmp_path: Path) -> None:
    with raises(DataError, file=tmp_path / "a.txt"):
        read_notes(tmp_path / "a.txt", "id x y z\na 1 2 3\nb one 2 3\n")
