"""The classes of this package in Open3D-ML's registries, used as its script ``run_pipeline.py`` uses them."""

import importlib.util
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml
from helpers import raises

from conclu_pyg import DATASETS, METHODS, PIPELINES, TASKS
from conclu_pyg.config import load_config
from conclu_pyg.errors import ConcluError, ConcluWarning, ConfigError, DataError, RegistryError
from conclu_pyg.runs.folder import write_config

if importlib.util.find_spec("open3d") is None:
    pytest.skip("needs Open3D", allow_module_level=True)
pytestmark = pytest.mark.filterwarnings("ignore:there is no CUDA device", "ignore:the training has only")
pytest.importorskip("addict", reason="needs the packages of open3d[ml]")

TINY_DATA = ["dataset.num_shapes=48", "dataset.num_test_shapes=20", "dataset.num_points=64"]
TINY = [
    *("pipeline.epochs=1", "pipeline.batch_size=16", "pipeline.device=cpu", "model.encoder.out_channels=32"),
    *TINY_DATA,
]
TINY_METHOD = [*TINY, "model.clusterer.num_prototypes=8", "pipeline.views=[{name: GaussianJitter}]"]


class Arguments(NamedTuple):
    """Those of Open3D-ML's script that change a config."""

    main_log_dir: str
    device: str = "cuda"
    split: str = "train"
    dataset_path: str | None = None
    ckpt_path: str | None = None


class Built(NamedTuple):
    dataset: Any
    model: Any
    pipeline: Any


@pytest.fixture
def utils() -> Any:
    import open3d.ml.utils

    import conclu_pyg.open3d_ml

    conclu_pyg.open3d_ml.register()  # again, which changes nothing
    return open3d.ml.utils


def build(utils: Any, path: Path, folder: Path, *, seed: int = 3, **pipeline_arguments: Any) -> Built:
    """Builds the objects of a config file as Open3D-ML's script does."""
    config = utils.Config.load_from_file(str(path))
    pipeline_class = utils.get_module("pipeline", config.pipeline.name, "torch")
    model_class = utils.get_module("model", config.model.name, "torch")
    dataset_class = utils.get_module("dataset", config.dataset.name)
    arguments = Arguments(str(folder / "logs"))
    dataset, pipeline, model = utils.Config.merge_cfg_file(config, arguments, {})
    dataset["seed"] = model["seed"] = pipeline["seed"] = np.random.default_rng(seed)
    pipeline |= {"device": arguments.device, "device_ids": ["0"], **pipeline_arguments}
    built_dataset = dataset_class(**dataset, test_result_folder=str(folder / "results"))
    built_model = model_class(**model, mode=None)
    return Built(built_dataset, built_model, pipeline_class(built_model, built_dataset, **pipeline))


@pytest.fixture
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


def write(folder: Path, name: str, overrides: list[str]) -> Path:
    write_config(folder, load_config(name, overrides))
    return folder / "config.yaml"


def test_everything_registered_is_in_open3d_mls_registries(utils: Any) -> None:
    assert set(DATASETS) <= set(utils.DATASET.module_dict)
    assert {*METHODS, *TASKS} <= set(utils.MODEL.module_dict["torch"])
    assert set(PIPELINES) <= set(utils.PIPELINE.module_dict["torch"])
    assert "ShapeNet" in utils.DATASET.module_dict  # Open3D-ML's own stay


@pytest.mark.filterwarnings("ignore:pipeline.batch_size=16")
def test_open3d_mls_script_trains_and_tests_a_method(utils: Any, tmp_path: Path, no_cuda: None) -> None:
    path = write(tmp_path, "conclu_pointnet", TINY_METHOD)
    with pytest.warns(ConcluWarning, match="there is no CUDA device"):
        built = build(utils, path, tmp_path, max_epochs="2", batch_size="24")
    run = built.pipeline.run_train()
    trained = yaml.safe_load((run / "config.yaml").read_text())
    assert (trained["pipeline"]["epochs"], trained["pipeline"]["batch_size"]) == (2, 24)  # given as text
    assert (trained["pipeline"]["seed"], trained["pipeline"]["device"]) == (3, "cpu")
    assert run.parent == tmp_path / "logs"
    (record,) = built.pipeline.run_test(probes=["knn"])
    assert record.metric == "accuracy" and json.loads((run / "results.json").read_text())
    cloud = built.dataset.get_split("test").get_data(0)
    embedding = built.pipeline.run_inference(cloud)["embedding"]
    assert embedding.shape == (32,) and np.isfinite(embedding).all()
    again = build(utils, path, tmp_path, max_epochs="2", batch_size="24")  # another process: the newest run
    np.testing.assert_array_equal(again.pipeline.run_inference(cloud)["embedding"], embedding)


@pytest.mark.parametrize("task", ["classification", "part_segmentation"])
def test_a_supervised_model_is_tested_from_a_checkpoint(
    utils: Any, task: str, tiny_task_runs: dict[str, Path], tmp_path: Path, no_cuda: None
) -> None:
    run = tiny_task_runs[task]
    built = build(utils, run / "config.yaml", tmp_path)  # what a run wrote is read by Open3D-ML
    with raises(ConfigError, argument="ckpt_path"):
        built.pipeline.run_inference({"point": np.zeros((4, 3))})
    built.model.ckpt_path = str(run)
    clouds = built.dataset.get_split("test")
    data, attr = clouds.get_data(1), clouds.get_attr(1)
    found = built.pipeline.run_inference(data)
    if task == "classification":
        assert found["predict_scores"].shape == (1, len(built.dataset.dataset.labels.classes))
        assert found["predict_labels"] == found["predict_scores"].argmax()
    else:
        assert found["predict_labels"].shape == (64,)
        assert set(found["predict_labels"]) <= set(built.dataset.label_to_names)
        with raises(ConfigError, argument="category"):
            built.pipeline.run_inference({"point": data["point"]})
    assert not built.dataset.is_tested(attr)
    before = (run / "results.json").exists()
    records = built.pipeline.run_test()
    assert records and all(built.dataset.is_tested(clouds.get_attr(index)) for index in range(len(clouds)))
    (saved,) = (tmp_path / "results").rglob(f"test/000001-{attr['name'].replace('/', '_')}.npy")
    np.testing.assert_array_equal(np.load(saved), found["predict_labels"])
    if not before:
        (run / "results.json").unlink()  # the run is shared


def test_the_clouds_are_those_of_the_data_set(utils: Any) -> None:
    sizes = {"num_shapes": 24, "num_test_shapes": 20, "num_points": 50}
    dataset = utils.get_module("dataset", "ParametricShapes")(**sizes)
    own = DATASETS.build({"name": "ParametricShapes", **sizes})
    for name, split in (("training", "train"), ("train", "train"), ("test", "test"), ("testing", "test")):
        clouds, expected = dataset.get_split(name), own.get_split(split)
        assert len(clouds) == len(expected)
        cloud = clouds.get_data(2)
        np.testing.assert_array_equal(cloud["point"], expected[2].pos.numpy())
        np.testing.assert_array_equal(cloud["label"], expected[2].part.numpy())
        assert cloud["category"] == int(expected[2].y) and cloud["label"].dtype == np.int32
        assert clouds.get_attr(2)["name"] == f"{split}/{expected.names[2]}"
    assert len(dataset.get_split("all")) == 44
    assert dataset.get_label_to_names() == dict(enumerate(own.part_names)) and dataset.cfg.num_classes == own.num_parts
    with pytest.raises(DataError, match="no split 'val'"):
        dataset.get_split("validation")


def test_results_of_clouds_whose_names_make_one_file_name_are_kept_apart(utils: Any, tmp_path: Path) -> None:
    dataset = utils.get_module("dataset", "ParametricShapes")(test_result_folder=str(tmp_path))
    clouds = [{"idx": idx, "name": name, "split": "test"} for idx, name in enumerate(("a/b", "a_b", "a b"))]
    for number, attr in enumerate(clouds):
        assert not dataset.is_tested(attr)
        dataset.save_test_result({"predict_labels": np.array([number])}, attr)
    assert sorted(int(np.load(path)[0]) for path in tmp_path.rglob("*.npy")) == [0, 1, 2]


def test_classes_are_the_labels_of_points_where_there_are_no_parts(utils: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "one.npy", np.random.default_rng(0).random((30, 3)))
        np.save(tmp_path / name / "two.npy", np.random.default_rng(1).random((30, 3)))
    arguments = {"paths": str(tmp_path), "classes": "folders", "num_points": 20}
    dataset = utils.get_module("dataset", "CloudFolder")(**arguments, cache_dir=str(tmp_path / "cache"))
    assert dataset.label_to_names == {0: "a", 1: "b"}
    labels = [dataset.get_split("train").get_data(index)["label"] for index in range(len(dataset.get_split("train")))]
    assert all(label.shape == (20,) and len(set(label)) == 1 for label in labels)


def test_what_does_not_fit_is_refused(utils: Any, tmp_path: Path, no_cuda: None) -> None:
    path = write(tmp_path, "conclu_pointnet", TINY_METHOD)
    with raises(ConfigError, argument="distributed"):
        build(utils, path, tmp_path, distributed=True)
    with pytest.raises(ConcluError, match="epoch"):
        build(utils, path, tmp_path, epoch=3).pipeline.run_train()
    model = utils.get_module("model", "ConClu", "torch")()
    pipeline = utils.get_module("pipeline", "Pretraining", "torch")(model, object())
    with raises(DataError, argument="dataset"):
        pipeline.run_train()
    with raises(ConfigError, argument="device", got="cuda:1"):
        utils.get_module("pipeline", "Pretraining", "torch")(model, None, device="cuda:1")
    generator = np.random.default_rng([1, 2])
    with raises(ConfigError, argument="seed"):
        utils.get_module("pipeline", "Pretraining", "torch")(model, None, seed=generator)


def test_a_name_that_open3d_ml_has_is_not_replaced(utils: Any, forget_registered: None) -> None:
    from conclu_pyg.open3d_ml import register

    own = utils.DATASET.module_dict["ShapeNet"]
    DATASETS.register_module("ShapeNet")(type("ShapeNet", (), {}))
    with raises(RegistryError, argument="name", got="ShapeNet"):
        register()
    assert utils.DATASET.module_dict["ShapeNet"] is own
