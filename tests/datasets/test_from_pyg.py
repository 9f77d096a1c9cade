"""The adapter for data sets of PyTorch Geometric."""

from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torch_geometric.datasets
from helpers import raises
from torch_geometric.data import Data, InMemoryDataset

from conclu_pyg import DATASETS
from conclu_pyg.datasets.from_pyg import FromPyG
from conclu_pyg.errors import ConcluError, ConcluWarning, ConfigError, DataError
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.testing import check_dataset

SIZES = (20, 30, 40, 25, 50, 16)


def clouds(**attributes: Any) -> list[Data]:
    """Makes clouds of different sizes; attributes that are functions are called with the number of points."""
    rng = np.random.default_rng(0)
    made = []
    for index, size in enumerate(SIZES):
        values = {key: value(index, size) if callable(value) else value for key, value in attributes.items()}
        made.append(Data(pos=torch.from_numpy(rng.random((size, 3))), **values))
    return made


class InMemory(InMemoryDataset):
    def __init__(self, data: list[Data]) -> None:
        super().__init__()
        self.data, self.slices = self.collate(data)


def label(index: int, size: int) -> torch.Tensor:
    return torch.tensor([index % 2])


def part(index: int, size: int) -> torch.Tensor:
    return torch.arange(size) % 2 + 2 * (index % 2)


@pytest.mark.parametrize("container", [list, InMemory], ids=["list", "InMemoryDataset"])
def test_clouds_are_brought_to_one_size(container: Any) -> None:
    data = clouds(y=label, x=lambda index, size: torch.ones(size, 6))
    dataset = FromPyG(container(data), train=range(4), test=[4, 5], num_points=25, transform=[])
    with pytest.warns(ConcluWarning, match="1 of 4 clouds: too few points, filled up"):
        train = dataset.get_split("train")
    assert train.pos.shape == (4, 25, 3) and train.pos.dtype == np.float32 and train.y.tolist() == [0, 1, 0, 1]
    assert train.part is None and train.classes == ["0", "1"]
    for cloud, size, points in zip(data, SIZES, train.pos, strict=False):
        known = {point.tobytes() for point in cloud.pos.float().numpy()}
        drawn = {point.tobytes() for point in points}
        assert drawn <= known and len(drawn) == min(size, 25)
    again = FromPyG(container(data), train=range(4), num_points=25, transform=[])
    np.testing.assert_array_equal(again.get_split("train").pos, train.pos)
    assert again.splits == ("train",) and dataset.splits == ("train", "test")


def test_splits_may_be_data_sets_and_classes_have_names() -> None:
    data = clouds(y=lambda index, size: index % 3)
    dataset = FromPyG(train=InMemory(data[:4]), test=data[4:], classes=["a", "b", "c"], num_points=8, up_axis="y")
    assert dataset.name == "InMemory" and dataset.up_axis == 1
    assert dataset.get_split("train").classes == ["a", "b", "c"] and dataset.get_split("test").y.tolist() == [1, 2]


def test_without_labels_there_is_one_class() -> None:
    dataset = FromPyG(clouds(), num_points=8)
    assert dataset.label_to_names == {0: "unlabelled"} and dataset.get_split("train").y.tolist() == [0] * 6


def test_a_label_for_each_point_is_its_part() -> None:
    data = clouds(y=part, category=label)
    data[1].pos[3] = np.nan
    dataset = FromPyG(data, num_points=25, transform=[])
    assert dataset.num_parts == 4 and dataset.category_to_parts == {"0": [0, 1], "1": [2, 3]}
    with pytest.warns(ConcluWarning, match="points that are not finite numbers were removed"):
        train = dataset.get_split("train")
    assert train.part is not None and train.y.tolist() == [0, 1] * 3
    for cloud, points, labels in zip(data, train.pos, np.asarray(train.part), strict=True):
        known = {point.tobytes(): int(own) for point, own in zip(cloud.pos.float().numpy(), cloud.y, strict=True)}
        assert [known[point.tobytes()] for point in points] == labels.tolist()
    alone = FromPyG(clouds(y=part), num_points=25)
    assert alone.category_to_parts == {"unlabelled": [0, 1, 2, 3]} and alone.get_split("train").y.tolist() == [0] * 6


@pytest.mark.filterwarnings("ignore::conclu_pyg.errors.ConcluWarning")
@pytest.mark.parametrize("attributes", [{}, {"y": label}, {"y": part}, {"y": part, "category": label}])
def test_it_satisfies_the_interface(attributes: dict[str, Any]) -> None:
    check_dataset(FromPyG(clouds(**attributes), train=range(4), test=range(4, 6), num_points=25))


def test_meshes_are_sampled() -> None:
    corners = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    mesh = Data(pos=corners, face=torch.tensor([[0], [1], [2]]), y=torch.tensor([0]))
    train = FromPyG([mesh, mesh], num_points=100, transform=[]).get_split("train")
    assert len(np.unique(train.pos[0], axis=0)) == 100 and (train.pos[..., :2].sum(axis=-1) <= 1 + 1e-6).all()
    assert not np.array_equal(train.pos[0], train.pos[1])


def test_pretraining_runs_on_it(tmp_path: Path, tiny_config: dict[str, Any]) -> None:
    """Labels, features and edges of the data set are ignored."""
    tiny_config["dataset"] = {"name": "ParametricShapes"}
    data = [*clouds(x=torch.ones(3), edge_index=torch.zeros(2, 4).long())] * 6
    tiny_config["pipeline"] |= {"epochs": 1, "log_dir": str(tmp_path)}
    pipeline = build_pipeline(tiny_config)
    pipeline.dataset = FromPyG(data, num_points=64)
    assert (pipeline.run_train() / "config.yaml").is_file()


def test_a_class_of_pyg_is_named_in_a_config(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    class GeometricShapes(InMemory):
        def __init__(self, root: str, train: bool = True) -> None:
            built.append((root, train))
            super().__init__(clouds(y=label))

    monkeypatch.setattr(torch_geometric.datasets, "GeometricShapes", GeometricShapes)
    config = {"name": "FromPyG", "dataset": "GeometricShapes", "root": "somewhere", "test": {"train": False}}
    dataset = DATASETS.build({**config, "num_points": 8, "up_axis": "y"})
    assert built == [("somewhere", True), ("somewhere", False)] and dataset.name == "GeometricShapes"
    assert dataset.get_split("test").pos.shape == (6, 8, 3)


@pytest.mark.parametrize("name", ["os.system", "Data", "__builtins__", "torch_geometric.datasets.ModelNet", "modelnet"])
def test_only_data_sets_of_pyg_can_be_named(name: str, tmp_path: Path) -> None:
    with raises(ConfigError, argument="dataset", got=name):
        FromPyG(name, root=str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "argument", "got", "message"),
    [
        ({"dataset": "os.system"}, "dataset", "os.system", "torch_geometric.datasets has no data set 'os.system'."),
        ({"dataset": "ModelNet"}, "root", None, "ModelNet needs root, the folder of its files."),
        (
            {"dataset": "ModelNet", "root": "x", "arguments": {"nam": "10"}},
            "arguments",
            {"nam": "10"},
            "unexpected keyword argument 'nam'; arguments may have name, train, ",
        ),
        (
            {"dataset": "ModelNet", "root": "x", "train": [0, 1]},
            "train",
            [0, 1],
            "expected arguments of the class as train, such as {train: false}, got [0, 1].",
        ),
        ({}, "train", None, ", or in Python train, the data set of that split; got neither."),
        ({"dataset": []}, "dataset", [], "expected a list of Data or a data set of PyG as dataset, got an empty one."),
        ({"dataset": 5}, "dataset", 5, "expected a list of Data or a data set of PyG as dataset, got 5."),
        ({"dataset": "ModelNt"}, "dataset", "ModelNt", "has no data set 'ModelNt'; did you mean 'ModelNet'?"),
        (
            {"dataset": clouds(), "train": {"split": "train"}},
            "train",
            {"split": "train"},
            "expected indices of clouds in dataset as train, got arguments.",
        ),
        ({"dataset": clouds(), "train": [0, 6]}, "train", [0, 6], "must be integers from 0 to 5, got [0, 6]."),
        ({"dataset": clouds(), "root": "x"}, "root", ..., "root and arguments are for a dataset that is given by"),
        ({"dataset": clouds(), "arguments": {}}, "arguments", ..., ""),
        ({"dataset": clouds(y=label), "classes": ["a"]}, "classes", 1, "expected the names of 2 classes, got 1 in"),
        ({"dataset": [*clouds(), *clouds(y=label)]}, "y", ..., "some clouds have a class and others none; label all"),
    ],
)
def test_wrong_arguments_are_rejected(arguments: dict[str, Any], argument: str, got: Any, message: str) -> None:
    with raises(ConcluError, argument=argument, got=got) as error:
        FromPyG(**arguments)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("cloud", "message"),
    [
        (clouds(y=torch.tensor([0.5]))[0], ": expected integers as y, got float32; remove y to train without labels."),
        (
            clouds(y=torch.tensor([-1]))[0],
            ": expected one class or one part for each of its 20 points as y, got shape [1] and value -1; remove y to "
            "train without it.",
        ),
        (
            clouds(y=torch.zeros(3).long())[0],
            ": expected one class or one part for each of its 20 points as y, got shape [3]; remove y to train without "
            "it.",
        ),
        (Data(x=torch.ones(3)), " has no pos; add the coordinates of its points."),
        (torch.ones(5, 3), ": expected Data with pos, got Tensor; write Data(pos=points)."),
    ],
)
def test_a_cloud_with_other_labels_or_no_points_is_named(cloud: Any, message: str) -> None:
    with raises(DataError, file="FromPyG train, cloud 0") as error:
        FromPyG([cloud])
    assert str(error.value) == f"FromPyG train, cloud 0{message}"


def test_a_failed_download_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class GeometricShapes(InMemory):
        def __init__(self, root: str) -> None:
            raise URLError("no such host")

    monkeypatch.setattr(torch_geometric.datasets, "GeometricShapes", GeometricShapes)
    with raises(DataError, file=str(tmp_path)) as error:
        FromPyG("GeometricShapes", root=str(tmp_path))
    assert "no such host" in str(error.value) and str(tmp_path / "raw") in str(error.value)


def test_a_cloud_without_usable_points_is_named() -> None:
    data = clouds()
    data[2].pos[:] = np.nan
    with raises(DataError, file="FromPyG train, cloud 2"):
        FromPyG(data).get_split("train")
