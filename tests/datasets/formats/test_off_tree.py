"""The official meshes."""

from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.data.sampled_mesh import NamedMesh, sample_off
from conclu_pyg.datasets.formats import FormatOptions
from conclu_pyg.datasets.formats.off_tree import OffTree
from conclu_pyg.errors import DataError
from conclu_pyg.io.parallel import FEW

SQUARE = "OFF\n4 1 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3\n"


def test_reads_every_mesh_by_class(tmp_path: Path) -> None:
    for name in ("night_stand/train/night_stand_0002.off", "chair/train/chair_0001.OFF", "chair/test/chair_0890.off"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(SQUARE)
    (tmp_path / "chair/train/._chair_0001.off").write_text("left by a Mac")
    (tmp_path / "chair/train/notes.txt").write_text("no mesh")
    (tmp_path / "empty").mkdir()
    opened = OffTree(tmp_path, FormatOptions())
    assert opened.classes == ["chair", "night_stand"] and opened.up_axis == 2
    clouds = list(opened.read("train", 32, 0))
    assert opened.count("train") == len(opened.files("train")) == 2
    assert [(cloud.name, cloud.label) for cloud in clouds] == [
        ("chair/chair_0001", 0),
        ("night_stand/night_stand_0002", 1),
    ]
    assert clouds[0].points.shape == (32, 3) and clouds[0].source.endswith("chair_0001.OFF")
    assert not np.array_equal(clouds[0].points, clouds[1].points)  # the same mesh by another name
    assert [cloud.name for cloud in opened.read("test", 32, 0)] == ["chair/chair_0890"]


def test_many_meshes_are_sampled_in_other_processes_with_the_same_points(tmp_path: Path) -> None:
    folder = tmp_path / "chair" / "train"
    folder.mkdir(parents=True)
    meshes = [NamedMesh(folder / f"chair_{i:04}.off", f"chair/chair_{i:04}") for i in range(FEW + 3)]
    for mesh in meshes:
        mesh.path.write_text(SQUARE)
    opened = OffTree(tmp_path, FormatOptions())
    for mesh, cloud in zip(meshes, opened.read("train", 16, 5), strict=True):
        assert cloud.name == mesh.name and np.array_equal(cloud.points, sample_off(mesh, 16, 5)[0])
    meshes[-1].path.write_text("OFF")
    with raises(DataError, file=meshes[-1].path):
        list(opened.read("train", 16, 5))


def test_a_broken_mesh_is_named(tmp_path: Path) -> None:
    (tmp_path / "chair" / "train").mkdir(parents=True)
    (tmp_path / "chair" / "train" / "chair_0001.off").write_text(SQUARE.replace("1", "0", 99).replace("4 0", "4 1", 1))
    opened = OffTree(tmp_path, FormatOptions())
    with raises(DataError, file=tmp_path / "chair" / "train" / "chair_0001.off"):
        list(opened.read("train", 8, 0))
    with pytest.raises(DataError, match=r"no shapes of the split 'test': expected meshes such as .*chair_0001\.off"):
        opened.count("test")


def test_real_meshes(conclu_data: Path) -> None:
    opened = OffTree(conclu_data / "raw" / "modelnet_off", FormatOptions())
    assert opened.classes == ["bathtub", "chair", "toilet"] and opened.count("train") == 5
    for cloud in opened.read("train", 2048, 0):
        assert cloud.points.shape == (2048, 3) and np.isfinite(cloud.points).all() and cloud.repairs == []
