"""The release ``modelnet40_ply_hdf5_2048``."""

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers import raises

from conclu_pyg.datasets.formats import MODELNET, FormatOptions, find_format
from conclu_pyg.datasets.formats.h5_release import H5Release
from conclu_pyg.errors import ConcluWarning, DataError

CLASSES = ["bed", "chair", "desk", "lamp", "sofa", "toilet"]


def write(folder: Path, num_points: int = 32, vertical: int | None = None) -> Path:
    """A release of two training files of 40 clouds and a test file of 4."""
    rng = np.random.default_rng(0)
    (folder / "shape_names.txt").write_text("\n".join(CLASSES))
    for name, size in (("train0", 40), ("train1", 40), ("test0", 4)):
        data = rng.normal(size=(size, num_points, 3)).astype("f4")
        if vertical is not None:
            data[..., vertical] = rng.exponential(size=(size, num_points))
        with h5py.File(folder / f"ply_data_{name}.h5", "w") as file:
            file["data"], file["label"] = data, np.arange(size, dtype="u1")[:, None] % 6
    lines = [f"data/modelnet40_ply_hdf5_2048/ply_data_train{i}.h5" for i in (0, 1)]
    (folder / "train_files.txt").write_text("\n".join(lines) + "\n")
    (folder / "test_files.txt").write_text("C:\\elsewhere\\ply_data_test0.h5\n")
    names = [f"chair/chair_{i:04d}.ply" for i in range(40)]
    (folder / "ply_data_train_1_id2file.json").write_text(json.dumps(names))
    return folder


def open_release(folder: Path, allow_missing: bool = False) -> H5Release:
    opened = find_format(folder, FormatOptions(allow_missing=allow_missing), MODELNET)
    assert isinstance(opened, H5Release)
    return opened


def test_reads_the_files_next_to_the_list(tmp_path: Path) -> None:
    opened = open_release(write(tmp_path))
    assert opened.classes == CLASSES and opened.count("train") == 80 and opened.count("test") == 4
    clouds = list(opened.read("train", 8, 0))
    assert [cloud.label for cloud in clouds] == [i % 40 % 6 for i in range(80)]
    assert clouds[1].name == "ply_data_train0/0001" and clouds[41].name == "chair/chair_0001"
    assert clouds[41].source.endswith("ply_data_train1.h5, cloud 1 (chair/chair_0001)")
    assert clouds[0].points.shape == (32, 3)
    names = [path.name for path in opened.files("train")]
    assert names == ["shape_names.txt", "ply_data_train0.h5", "ply_data_train1.h5", "ply_data_train_1_id2file.json"]


@pytest.mark.parametrize("num_points", [1024, 2048])
@pytest.mark.parametrize("up_axis", [1, 2])
@pytest.mark.filterwarnings("error")
def test_the_up_axis_is_measured(tmp_path: Path, num_points: int, up_axis: int) -> None:
    assert open_release(write(tmp_path, num_points, up_axis)).up_axis == up_axis


@pytest.mark.parametrize(("num_points", "expected"), [(2048, 1), (1024, 2), (2500, 2)])
def test_the_up_axis_of_symmetric_clouds_is_that_of_their_release_with_a_warning(
    tmp_path: Path, num_points: int, expected: int
) -> None:
    with pytest.warns(ConcluWarning, match=f"cannot be measured; assuming {'xyz'[expected]}. Set dataset.up_axis=x, y"):
        assert open_release(write(tmp_path, num_points)).up_axis == expected


def test_missing_files(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "ply_data_train1.h5").unlink()
    with pytest.raises(
        DataError, match=r"train_files.txt lists ply_data_train1.h5, .* \(h5 files there: .*train0.h5\)"
    ):
        open_release(tmp_path).count("train")
    opened = open_release(tmp_path, allow_missing=True)
    assert opened.count("train") == 40
    assert "1 of 2 files of the split 'train' are missing and were skipped" in opened.notices("train")[0]
    (tmp_path / "ply_data_train0.h5").unlink()
    with raises(DataError, file=tmp_path / "train_files.txt"):
        open_release(tmp_path, allow_missing=True).count("train")
    (tmp_path / "shape_names.txt").unlink()
    with pytest.raises(DataError, match=r"there is no .*shape_names.txt, which should list the names of the classes"):
        open_release(tmp_path)
    (tmp_path / "test_files.txt").unlink()
    (tmp_path / "shape_names.txt").write_text("bed")
    with raises(DataError, file=tmp_path / "test_files.txt"):
        open_release(tmp_path).count("test")


@pytest.mark.parametrize(
    ("text", "got", "found"),
    [
        ("[", ..., ", which should list the names of shapes, is not a JSON file"),
        ("{}", "dict", ": expected a list with a name for each of the 40 clouds in "),
        ('["a"]', "1 entries", ""),
        (json.dumps([1] * 40), "40 entries", ""),
    ],
)
def test_a_malformed_list_of_names_is_refused(tmp_path: Path, text: str, got: Any, found: str) -> None:
    path = write(tmp_path) / "ply_data_train_0_id2file.json"
    path.write_text(text)
    with raises(DataError, file=path, got=got) as error:
        next(open_release(tmp_path).read("train", 8, 0))
    assert str(error.value).startswith(f"{path}{found}")


def test_real_release(conclu_data: Path) -> None:
    for classes, train, test in ((10, 3991, 908), (40, 9843, 2468)):
        opened = open_release(conclu_data / f"modelnet{classes}_ply_hdf5_1024")
        assert len(opened.classes) == classes and opened.up_axis == 2
        assert (opened.count("train"), opened.count("test")) == (train, test)
        cloud = next(opened.read("test", 1024, 0))
        assert cloud.points.shape == (1024, 3) and cloud.name.startswith(opened.classes[cloud.label] + "/")


def test_real_files_of_other_objects(conclu_data: Path, tmp_path: Path) -> None:
    source = conclu_data / "raw" / "modelnet40_ply_hdf5_2048_ycb"
    with raises(DataError, file=source / "train_files.txt"):
        open_release(source).count("train")
    for name in ("box.h5", "test_model.h5", "ycb_objects_train.h5"):
        shutil.copyfile(source / name, tmp_path / name)
    names = ["003_cracker_box", *(source / "shape_names.txt").read_text().split()]
    (tmp_path / "train_files.txt").write_text("ycb_objects_train.h5")
    (tmp_path / "test_files.txt").write_text("test_model.h5\nbox.h5")
    (tmp_path / "shape_names.txt").write_text("\n".join(names[1:]))
    with raises(DataError, file=tmp_path / "ycb_objects_train.h5", argument="label", got=5):
        open_release(tmp_path).count("train")
    (tmp_path / "shape_names.txt").write_text("\n".join(names))
    opened = open_release(tmp_path)
    assert opened.count("train") == 60 and opened.count("test") == 7 and opened.up_axis == 2
    assert sorted(cloud.label for cloud in opened.read("test", 8, 0)) == [0, 0, 1, 2, 3, 4, 5]
