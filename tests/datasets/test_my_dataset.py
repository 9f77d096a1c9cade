"""The data set of docs/examples/my_dataset.py on a user's folders."""

from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
from helpers import raises

from conclu_pyg import DATASETS
from conclu_pyg.config import load_config
from conclu_pyg.errors import DataError

CONFIG = Path(__file__).parents[2] / "docs" / "examples" / "my_dataset.yaml"


def put(folder: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        path = folder / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.random.default_rng(seed).random((20 + seed, 3)))


pytestmark = pytest.mark.usefixtures("forget_registered")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    put(tmp_path, "train/chair/a", "train/chair/b", "train/table/a", "test/table/c")
    return tmp_path


def build(folder: Path) -> Any:
    return DATASETS.build(load_config(CONFIG, [f"dataset.dataset_path={folder}", "dataset.num_points=16"])["dataset"])


def test_folders_of_clouds_are_read(scans: Path) -> None:
    dataset = build(scans)
    train, test = dataset.get_split("train"), dataset.get_split("test")
    assert dataset.label_to_names == {0: "chair", 1: "table"} and train.pos.shape == (3, 16, 3)
    assert train.y.tolist() == [0, 0, 1] and test.y.tolist() == [1] and test.names == ["c"]


def test_stray_files_are_no_classes_and_no_clouds(scans: Path) -> None:
    for name in (".DS_Store", "train/.DS_Store", "train/notes.txt", "train/chair/._a.npy", "test/table/.DS_Store"):
        (scans / name).write_bytes(b"\0")
    put(scans, "train/.trash/old")
    (scans / "train" / "empty").mkdir()
    dataset = build(scans)
    assert dataset.label_to_names == {0: "chair", 1: "table"}
    assert len(dataset.get_split("train")) == 3 and len(dataset.get_split("test")) == 1


def test_a_class_without_clouds_in_train_is_rejected(scans: Path) -> None:
    put(scans, "test/lamp/a")
    with raises(DataError, argument="class", got="lamp"):
        build(scans).get_split("test")


def test_a_folder_without_clouds_is_rejected(tmp_path: Path) -> None:
    with raises(DataError, got=0):
        build(tmp_path / "nowhere").get_split("train")


def test_a_broken_file_is_named(scans: Path) -> None:
    (scans / "train" / "chair" / "b.npy").write_bytes(b"1 2 3")
    with raises(DataError, file=scans / "train" / "chair" / "b.npy"):
        build(scans).get_split("train")
    np.save(scans / "train" / "chair" / "b.npy", np.ones((20, 6)))
    with raises(DataError, file=scans / "train" / "chair" / "b.npy", got=(np.dtype(float), (20, 6))):
        build(scans).get_split("train")
