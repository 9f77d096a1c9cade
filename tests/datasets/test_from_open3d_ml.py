"""The adapter for data sets of Open3D-ML."""

import importlib.util
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg import DATASETS
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.testing import check_dataset

if importlib.util.find_spec("open3d") is None:
    pytest.skip("needs Open3D", allow_module_level=True)
pytest.importorskip("addict", reason="needs the packages of open3d[ml]")

RELEASE = "shapenetcore_partanno_segmentation_benchmark_v0"
SIZES = {"0a": 40, "0b": 30, "0c": 50, "1a": 60, "1b": 25}


@pytest.fixture
def shapenet(tmp_path: Path) -> Path:
    """Five clouds in the layout that Open3D-ML's ShapeNet reads."""
    folder, rng = tmp_path / RELEASE, np.random.default_rng(0)
    for category in ("02691156", "02773838"):
        for kind in ("points", "points_label"):
            (folder / category / kind).mkdir(parents=True)
    (folder / "synsetoffset2category.txt").write_text("Airplane\t02691156\nBag\t02773838\n")
    for name, size in SIZES.items():
        category = folder / ("02691156" if name[0] == "0" else "02773838")
        np.savetxt(category / "points" / f"{name}.pts", rng.random((size, 3)), fmt="%.6f")
        np.savetxt(category / "points_label" / f"{name}.seg", 1 + np.arange(size) % 3, fmt="%d")
    (folder / "train_test_split").mkdir()
    for split, names in (("train", ["0a", "0b", "1a"]), ("test", ["0c"]), ("val", ["1b"])):
        path = folder / "train_test_split" / f"shuffled_{split}_file_list.json"
        path.write_text(json.dumps([f"shape_data/02691156/{name}" for name in names]))
    return tmp_path


def test_classes_and_splits_are_those_of_open3d_ml(shapenet: Path) -> None:
    dataset = DATASETS.build(
        {"name": "FromOpen3DML", "dataset": "ShapeNet", "dataset_path": str(shapenet), "up_axis": "y", "num_points": 25}
    )
    assert dataset.name == "ShapeNet" and dataset.up_axis == 1
    assert dataset.labels.classes[:2] == ("Airplane", "Bag") and len(dataset.labels.classes) == 16
    train = dataset.get_split("train")
    assert sorted(train.y.tolist()) == [0, 0, 1] and train.part is None and train.pos.shape == (3, 25, 3)
    assert dataset.get_split("test").y.tolist() == [0]
    check_dataset(dataset)


def test_labels_of_points_are_parts(shapenet: Path) -> None:
    config = {"name": "FromOpen3DML", "dataset": "ShapeNet", "dataset_path": str(shapenet), "test": "validation"}
    dataset = DATASETS.build({**config, "arguments": {"task": "segmentation"}, "num_points": 20})
    assert dataset.labels.are_unlabelled and dataset.num_parts == 4
    assert set(np.unique(dataset.get_split("train").part)) == {1, 2, 3} and len(dataset.get_split("test")) == 1


def test_the_files_of_shapenetpart_are_read(tmp_path: Path) -> None:
    data = os.environ.get("CONCLU_DATA")
    if data is None:
        pytest.skip("needs CONCLU_DATA, the folder of the real data")
    raw = Path(data, "raw")
    shutil.copytree(raw / RELEASE, tmp_path / RELEASE)
    for path in (raw / "shapenetpart_official_split").rglob("*.json"):
        shutil.copy(path, tmp_path / RELEASE / "train_test_split")
    dataset = DATASETS.build(
        {"name": "FromOpen3DML", "dataset": "ShapeNet", "dataset_path": str(tmp_path), "train": "all", "test": ""}
    )
    assert sorted(dataset.get_split("train").y.tolist()) == list(range(16))


def test_what_cannot_be_opened_is_named(shapenet: Path, tmp_path: Path) -> None:
    config = {"name": "FromOpen3DML", "dataset": "ShapeNet", "dataset_path": str(shapenet)}
    with raises(ConfigError, argument="dataset", got="ShapeNt") as error:
        DATASETS.build({**config, "dataset": "ShapeNt"})
    assert "did you mean 'ShapeNet'?" in str(error.value)
    with raises(DataError, file=tmp_path / "none"):
        DATASETS.build({**config, "dataset_path": str(tmp_path / "none")})
    with raises(DataError, file=shapenet):
        DATASETS.build({**config, "arguments": {"task": "detection"}})
    with raises(DataError, got="nothing"):
        DATASETS.build({**config, "train": "nothing"})
