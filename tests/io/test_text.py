"""The reader of comma-separated clouds."""

from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.errors import DataError
from conclu_pyg.io.text import read_columns, read_text_cloud


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
def test_refuses_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "chair_0001.txt"
    path.write_text(text)
    with pytest.raises(DataError, match="three comma-separated coordinates first on each line") as caught:
        read_text_cloud(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["1 2 3 4\n5 6 7 8\n", "1\t2  3\t4\r\n\n5 6 7 8 9"])
def test_reads_some_columns_between_white_space(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.pts"
    path.write_text(text)
    assert read_columns(path, (0, 3), "four numbers").tolist() == [[1, 4], [5, 8]]
    assert read_columns(path, (1,), "four numbers").tolist() == [[2], [6]]
    with pytest.raises(DataError, match=r"a\.pts must hold six numbers \("):
        read_columns(path, (5,), "six numbers")
    path.write_text("")
    assert read_columns(path, (0, 3), "four numbers").shape == (0, 2)


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_text_cloud(tmp_path / "none.txt")


def test_reads_a_real_cloud(conclu_data: Path) -> None:
    points = read_text_cloud(conclu_data / "raw/modelnet40_normal_resampled/chair/chair_0391.txt")
    assert points.shape == (10000, 3) and np.allclose(points[0], [-0.0842, -0.5803, -0.07181])
