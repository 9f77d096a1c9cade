"""The release ``modelnet40_normal_resampled``."""

from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.datasets.formats import FormatOptions
from conclu_pyg.datasets.formats.normal_resampled import NormalResampled
from conclu_pyg.errors import DataError


@pytest.fixture
def release(tmp_path: Path) -> Path:
    shapes = ["airplane_0001", "night_stand_0002"]
    (tmp_path / "modelnet40_shape_names.txt").write_text("airplane\nchair\nnight_stand\n")
    (tmp_path / "modelnet10_shape_names.txt").write_text("chair\nnight_stand")
    (tmp_path / "modelnet40_train.txt").write_text("\n".join(shapes) + "\n")
    (tmp_path / "modelnet10_train.txt").write_text(shapes[1] + "\r\n")
    for shape in shapes:
        folder = tmp_path / shape.rpartition("_")[0]
        folder.mkdir()
        (folder / f"{shape}.txt").write_text("0,1,2,0,0,1\n3,4,5,0,0,1\n")
    return tmp_path


def test_reads_the_listed_shapes(release: Path) -> None:
    opened = NormalResampled(release, FormatOptions())
    assert opened.classes == ["airplane", "chair", "night_stand"] and opened.up_axis == 1
    clouds = list(opened.read("train", 8, 0))
    assert opened.count("train") == len(opened.files("train")) == 2 and opened.notices("train") == []
    assert [(c.name, c.label) for c in clouds] == [("airplane/airplane_0001", 0), ("night_stand/night_stand_0002", 2)]
    assert clouds[0].points.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_the_variant_chooses_the_lists(release: Path) -> None:
    opened = NormalResampled(release, FormatOptions(variant=10))
    assert opened.classes == ["chair", "night_stand"]
    assert [(c.name, c.label) for c in opened.read("train", 8, 0)] == [("night_stand/night_stand_0002", 1)]
    (release / "modelnet40_shape_names.txt").unlink()
    assert NormalResampled(release, FormatOptions()).classes == ["chair", "night_stand"]


def test_missing_files_are_refused_or_reported(release: Path) -> None:
    path = release / "airplane" / "airplane_0001.txt"
    path.unlink()
    with pytest.raises(
        DataError, match=r"lists 2 shapes, but 1 of their files are missing \(the first: .*airplane_0001\.txt\)"
    ):
        NormalResampled(release, FormatOptions()).count("train")
    opened = NormalResampled(release, FormatOptions(allow_missing=True))
    assert opened.count("train") == 1
    assert "1 of 2 listed files of the split 'train' are missing and were skipped" in opened.notices("train")[0]
    (release / "night_stand" / "night_stand_0002.txt").unlink()
    opened = NormalResampled(release, FormatOptions(allow_missing=True))
    with raises(DataError, file=release / "modelnet40_train.txt", got=2):
        opened.count("train")


@pytest.mark.parametrize("line", ["../secret_0001", "/etc/passwd", "airplane", "spaceship_0001", "airplane_0001.txt"])
def test_a_line_that_names_no_shape_is_refused(release: Path, line: str) -> None:
    (release / "modelnet40_train.txt").write_text(f"airplane_0001\n{line}\n")
    with raises(DataError, file=release / "modelnet40_train.txt", got=line):
        NormalResampled(release, FormatOptions()).count("train")


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"", "is empty"), (b"\xff\xfe\x00", "cannot be read"), (b"chair\nchair\n", "lists 'chair' more than once")],
)
def test_a_malformed_list_is_refused(release: Path, content: bytes, found: str) -> None:
    (release / "modelnet40_shape_names.txt").write_bytes(content)
    with pytest.raises(DataError, match=found):
        NormalResampled(release, FormatOptions())
    with raises(DataError, file=release / "modelnet10_test.txt"):
        NormalResampled(release, FormatOptions(variant=10)).count("test")


def test_real_release(conclu_data: Path) -> None:
    folder = conclu_data / "raw" / "modelnet40_normal_resampled"
    with raises(DataError, file=folder / "modelnet40_train.txt", got=9835):
        NormalResampled(folder, FormatOptions()).count("train")
    opened = NormalResampled(folder, FormatOptions(allow_missing=True))
    clouds = list(opened.read("train", 1024, 0))
    assert [cloud.label for cloud in clouds] == [0, 0, 1, 1, 2, 2, 8, 8]
    assert all(cloud.points.shape == (10000, 3) and np.abs(cloud.points).max() <= 1 for cloud in clouds)
    assert len(NormalResampled(folder, FormatOptions(variant=10, allow_missing=True)).files("train")) == 6
