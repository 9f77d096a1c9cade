"""The suite for data sets reports each kind of violation, and the built-in and the documented data set pass it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from conclu_pyg.config import load_config
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.testing import check_dataset


class Cubes(PointCloudDataset):
    """A correct data set; ``change`` modifies a split."""

    up_axis = 2
    label_to_names = {0: "cube", 1: "box"}  # noqa: RUF012

    def __init__(self, change: Callable[[PointCloudSplit], Any] = lambda split: None) -> None:
        super().__init__()
        self.change = change

    def _load_split(self, split: str) -> PointCloudSplit:
        pos = np.random.default_rng(0).random((4, 16, 3), dtype=np.float32)
        names = [f"{split}{i}" for i in range(4)]
        out = PointCloudSplit(pos, np.array([0, 1, 0, 1]), names, ["cube", "box"], transform=self.transform)
        self.change(out)
        return out


class Random:
    """A transform that no evaluation could repeat."""

    def __call__(self, data: Data) -> Data:
        data.pos = data.pos + torch.rand(())
        return data


def change(name: str, value: Any) -> Callable[[PointCloudSplit], None]:
    return lambda split: setattr(split, name, value)


def test_a_correct_dataset_passes() -> None:
    check_dataset(Cubes())


def test_the_built_in_dataset_passes() -> None:
    check_dataset({"name": "ParametricShapes", "num_shapes": 40, "num_test_shapes": 20, "num_points": 32}, max_clouds=7)


@pytest.mark.usefixtures("forget_registered")
def test_the_documented_dataset_passes(tmp_path: Path) -> None:
    for name in ("train/chair/a", "train/table/b", "test/chair/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(0).random((20, 3)))
    config = Path(__file__).parents[2] / "docs" / "examples" / "my_dataset.yaml"
    overrides = [f"dataset.dataset_path={tmp_path}", "dataset.num_points=16"]
    check_dataset(load_config(config, overrides)["dataset"])


@pytest.mark.parametrize(
    ("modify", "expected"),
    [
        (change("names", ["a", "a", "b", "c"]), "train, labels and names: expected unique names, got ['a']"),
        (change("names", ["a"]), "expected one name and one label per cloud"),
        (change("classes", ["box", "cube"]), "expected the classes in label_to_names"),
        (change("y", np.array([0, 1, 2, 0])), "expected labels below 2, got labels from 0 to 2"),
        (change("pos", np.full((4, 16, 3), np.nan, dtype=np.float32)), "got NaN or infinity"),
        (change("transform", Random()), "two readings differ; use a deterministic transform"),
        (change("transform", lambda data: data), "train, pickling: "),
    ],
)
def test_each_violation_is_reported(modify: Callable[[PointCloudSplit], None], expected: str) -> None:
    with pytest.raises(AssertionError) as error:
        check_dataset(Cubes(modify))
    assert expected in str(error.value)
