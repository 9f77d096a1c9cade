"""The examples with other libraries train, and give what those libraries expect."""

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from conclu_pyg.config import load_config
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.testing import check_dataset

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture
def load() -> Callable[[str], ModuleType]:
    """A function that imports an example; skips the test if a library that it needs cannot be imported here."""

    def load(name: str, *needs: str) -> ModuleType:
        for need in needs:
            try:
                importlib.import_module(need)
            except (ModuleNotFoundError, RuntimeError) as error:  # torchvision for another torch raises RuntimeError
                if getattr(error, "name", need) != need.split(".")[0] and "torchvision" not in str(error):
                    raise
                for module in [
                    each for each in sys.modules if each.split(".")[0] in (need.split(".")[0], "torchvision")
                ]:
                    del sys.modules[module]
                pytest.skip(f"{need} cannot be imported here: {error}")
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def test_the_loop_of_pyg_learns_its_clouds(load: Callable[..., ModuleType]) -> None:
    split = ParametricShapes(num_shapes=32, num_points=64).get_split("train")
    clouds = [split[index] for index in range(len(split))]
    net, losses = load("pyg_loop").train(clouds, len(split.classes), epochs=4)
    assert losses[-1] < losses[0]
    assert all(parameter.grad is not None for parameter in net.parameters())


@pytest.mark.parametrize("name", ["ConClu", "BYOL"])
def test_a_method_trains_in_lightning(name: str, load: Callable[..., ModuleType], tmp_path: Path) -> None:
    encoder = {"name": "PointNet", "out_channels": 32, "input_transform": False, "feature_transform": False}
    heads = {
        "projector": {"name": "ProjectionHead", "hidden_channels": 32, "out_channels": 16},
        "predictor": {"name": "PredictionHead", "hidden_channels": 16},
    }
    options = {"max_epochs": 2, "accelerator": "cpu", "logger": False, "enable_checkpointing": False}
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "default_root_dir": tmp_path}
    example = load("lightning_module", "lightning")
    torch.manual_seed(0)
    before = example.Pretraining({"name": name, "encoder": encoder, **heads}).method.state_dict()
    torch.manual_seed(0)
    trained = example.train(
        {"name": name, "encoder": encoder, **heads}, num_shapes=24, batch_size=8, **options, **quiet
    )
    assert trained.trainer.global_step == 6 and float(trained.trainer.logged_metrics["contrast"]) >= 0
    after = trained.method.state_dict()
    moved = [key for key, value in after.items() if key.endswith("weight") and not torch.equal(value, before[key])]
    assert any(key.startswith("encoder.") for key in moved)
    if name == "BYOL":  # its target network moves by a hook
        assert any("target" in key for key in moved)


def test_lightlys_losses_train_on_our_views(load: Callable[..., ModuleType]) -> None:
    example = load("lightly_losses", "lightly.loss")
    for loss in (example.NTXentLoss(temperature=0.1), example.VICRegLoss()):
        encoder, losses = example.train(loss, num_shapes=24, epochs=2, batch_size=12)
        assert len(losses) == 4 and np.isfinite(losses).all()
        assert encoder.out_channels == 256


def test_the_pipeline_of_scikit_learn_classifies_clouds_and_files(
    load: Callable[..., ModuleType], tmp_path: Path
) -> None:
    dataset = ParametricShapes(num_shapes=120, num_test_shapes=60, num_points=128)
    train = dataset.get_split("train")
    fitted = load("sklearn_pipeline").classifier(train.pos, train.y)
    assert fitted.score(train.pos, train.y) > 0.5  # of twenty classes
    np.save(tmp_path / "cloud.npy", train.pos[0])
    assert fitted.predict([tmp_path / "cloud.npy"]) == fitted.predict(train.pos[:1])


OFF = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 {height}\n3 0 1 2\n3 0 1 3\n3 0 2 3\n3 1 2 3\n"


def test_modelnet_of_pyg_is_a_data_set(load: Callable[..., ModuleType], tmp_path: Path) -> None:
    example = load("pyg_data")
    names = ["bathtub", "bed", "chair", "desk", "dresser", "monitor", "night_stand", "sofa", "table", "toilet"]
    for name in names:
        for split, number in (("train", 1), ("test", 2)):
            folder = tmp_path / "raw" / name / split
            folder.mkdir(parents=True)
            (folder / f"{name}_000{number}.off").write_text(OFF.format(height=number))
    dataset = example.modelnet(str(tmp_path), num_points=32)
    train = dataset.get_split("train")
    assert train.pos.shape == (10, 32, 3) and train.classes == names and train.y.tolist() == list(range(10))
    assert dataset.get_split("test").y.tolist() == list(range(10))
    check_dataset(dataset)

    overrides = [f"dataset.root={tmp_path}", "pipeline.epochs=1", "pipeline.batch_size=10", "dataset.num_points=32"]
    config = load_config(FOLDER / "pyg_data.yaml", [*overrides, f"pipeline.run_dir={tmp_path / 'run'}"])
    config["pipeline"]["min_steps_per_epoch"] = 1
    assert (build_pipeline(config).run_train() / "metrics.csv").exists()


def test_shapenet_of_pyg_is_a_data_set(load: Callable[..., ModuleType], tmp_path: Path) -> None:
    from torch_geometric.datasets import ShapeNet

    example, rng = load("pyg_data"), np.random.default_rng(0)
    for number in ShapeNet.category_ids.values():
        (tmp_path / "raw" / number).mkdir(parents=True)
    splits: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for category, first in (("Airplane", 0), ("Bag", 4)):
        number = ShapeNet.category_ids[category]
        for split, names in splits.items():
            points = np.hstack([rng.normal(size=(40, 6)), first + rng.integers(0, 2, size=(40, 1))])
            np.savetxt(tmp_path / "raw" / number / f"{split}.txt", points, fmt="%.6f")
            names.append(f"shape_data/{number}/{split}")
    (tmp_path / "raw" / "train_test_split").mkdir()
    for split, names in splits.items():
        (tmp_path / "raw" / "train_test_split" / f"shuffled_{split}_file_list.json").write_text(json.dumps(names))
    dataset = example.shapenet(str(tmp_path), ["Airplane", "Bag"], num_points=32)
    assert dataset.up_axis == 1 and len(dataset.get_split("train")) == 4 and len(dataset.get_split("test")) == 2
    assert dataset.category_to_parts == {"Airplane": [0, 1], "Bag": [4, 5]}
    check_dataset(dataset)
