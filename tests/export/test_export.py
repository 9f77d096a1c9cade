"""Exports of runs, and what ONNX Runtime and PyTorch alone make of the files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from helpers import raises
from torch import Tensor, nn

from conclu_pyg import ENCODERS, load_encoder, load_run
from conclu_pyg._version import __version__
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ArgumentError, ConcluError, ConcluWarning, ConfigError, DataError
from conclu_pyg.export import Exported, export_run
from conclu_pyg.export import export as export_module
from conclu_pyg.files import remove_abandoned
from conclu_pyg.inference.predictor import make_predictor
from conclu_pyg.onnx import OnnxModel, classify, embed, segment
from conclu_pyg.onnx.metadata import MAX_TEXT
from conclu_pyg.runs.frozen_encoder import Axis
from conclu_pyg.runs.shipped_weights import read_card

RNG = np.random.default_rng(0)
SIZES = [(2, 30)]
LICENCE = '<script>"MIT"</script>\n'
LOAD = """
import json, sys
sys.modules["conclu_pyg"] = sys.modules["torch_geometric"] = None
import numpy as np, torch
extra = {"metadata.json": ""}
program = torch.export.load(sys.argv[1], extra_files=extra).module()
points = torch.from_numpy(np.load(sys.argv[2]))
np.save(sys.argv[3], program(points)[0].numpy())
print(json.loads(extra["metadata.json"])["conclu_pyg.fingerprint"])
"""


@pytest.fixture(scope="session")
def encoder_file(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_run(tiny_run, tmp_path_factory.mktemp("onnx") / "encoder.onnx", sizes=SIZES, licence=LICENCE)


@pytest.fixture(scope="session")
def classifier_file(tiny_task_runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Exported:
    run = tiny_task_runs["classification"]
    return export_run(run, tmp_path_factory.mktemp("onnx") / "classifier.onnx", sizes=SIZES)


@pytest.fixture(scope="session")
def segmenter_file(dgcnn_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_run(dgcnn_run, tmp_path_factory.mktemp("onnx") / "segmenter.onnx", sizes=SIZES)


def clouds(*sizes: int) -> list[np.ndarray]:
    return [RNG.normal(size=(size, 3)) * (1, 2, 0.5) + (5, -3, 100) for size in sizes]


def test_embeds_as_the_run_does(tiny_run: Path, encoder_file: Exported) -> None:
    encoder = load_encoder(tiny_run)
    for points in (
        clouds(50)[0],
        np.stack(clouds(40, 40, 40)),
        clouds(30, 64, 30, 1),
        clouds(20)[0].astype(np.float32),
    ):
        expected = encoder.embed(points).numpy()
        for batch_size in (1, 32):
            found = embed(encoder_file.path, points, batch_size=batch_size)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.ptp(expected) > 0.01
    turned = encoder.embed(clouds(50), up_axis="y").numpy()
    assert encoder.embed(clouds(50)).numpy() != pytest.approx(turned, abs=1e-3)


def test_turns_clouds_to_the_up_axis_of_the_training(tiny_run: Path, encoder_file: Exported) -> None:
    encoder, (points,) = load_encoder(tiny_run), clouds(60)
    axes: tuple[Axis, ...] = ("x", "y", "z")
    found = {axis: embed(encoder_file.path, points, up_axis=axis) for axis in axes}
    for axis, features in found.items():
        expected = encoder.embed(points, up_axis=axis).numpy()
        np.testing.assert_allclose(features, expected, atol=1e-4)
    assert np.abs(found["x"] - found["z"]).max() > 1e-3 and np.array_equal(found["z"], embed(encoder_file.path, points))


def test_takes_as_many_points_as_files_give(tiny_run: Path, encoder_file: Exported, tmp_path: Path) -> None:
    (points,) = clouds(500)
    np.save(tmp_path / "a.npy", points.astype(np.float32))
    model = OnnxModel(encoder_file.path)
    found = model.embed(points.astype(np.float32), num_points=model.metadata.num_points)
    np.testing.assert_allclose(found, load_encoder(tiny_run).embed(tmp_path / "a.npy").numpy(), atol=1e-4)


def test_classifies_as_the_run_does(tiny_task_runs: dict[str, Path], classifier_file: Exported) -> None:
    run = load_run(tiny_task_runs["classification"])
    points = [cloud.astype(np.float32) for cloud in clouds(64, 50, 64)]
    probabilities = classify(classifier_file.path, points)
    predictor = make_predictor(run)
    np.testing.assert_allclose(probabilities, [predictor.classify(each) for each in points], atol=1e-5)
    assert OnnxModel(classifier_file.path).metadata.classes == run.method.label_names
    np.testing.assert_allclose(
        embed(classifier_file.path, points), load_encoder(tiny_task_runs["classification"]).embed(points), atol=1e-4
    )


def test_labels_parts_as_the_run_does(dgcnn_run: Path, segmenter_file: Exported) -> None:
    run, model = load_run(dgcnn_run), OnnxModel(segmenter_file.path)
    names = run.method.labels.classes
    assert (model.metadata.classes, model.metadata.parts) == (names, run.method.label_names)
    points = [cloud.astype(np.float32) for cloud in clouds(64, 50, 64)]
    chosen = [names[1], names[0], names[-1]]
    found = segment(model, points, chosen)
    predictor = make_predictor(run)
    for cloud, category, labels in zip(points, chosen, found, strict=True):
        expected = predictor.label_points(cloud, names.index(category))
        assert labels.shape == (len(cloud),) and (labels == expected).mean() > 0.97  # ties of neighbours
        assert set(labels) <= set(run.method.labels.class_parts[names.index(category)])
    assert np.array_equal(segment(model, points[0], chosen[0])[0], found[0])
    np.testing.assert_allclose(embed(model, points[1]), load_encoder(dgcnn_run).embed(points[1]), atol=1e-3)


def test_metadata(tiny_run: Path, encoder_file: Exported, segmenter_file: Exported) -> None:
    entries = {each.key: json.loads(each.value) for each in onnx.load(encoder_file.path).metadata_props}
    encoder = load_encoder(tiny_run)
    assert entries["conclu_pyg.fingerprint"] == encoder.fingerprint
    assert entries["conclu_pyg.preprocessing"] == {
        "steps": [{"name": "NormalizeUnitSphere"}],
        "data_axis": "z",
        "up_axis": "z",
        "num_points": 64,
    }
    assert (entries["conclu_pyg.version"], entries["conclu_pyg.task"]) == (__version__, "embedding")
    assert entries["conclu_pyg.opset"] == onnx.load(encoder_file.path).opset_import[0].version
    card = entries["conclu_pyg.card"]
    assert card["licence"] == LICENCE and card["data"] == "ParametricShapes" and card["encoder"] == encoder.config
    assert OnnxModel(encoder_file.path).metadata == encoder_file.metadata
    assert OnnxModel(segmenter_file.path).metadata == segmenter_file.metadata
    assert [(each.clouds, each.points) for each in segmenter_file.differences] == SIZES
    assert 0 < segmenter_file.differences[0].greatest < 1e-4
    assert str(tiny_run).encode() not in encoder_file.path.read_bytes()


def test_an_edited_weight_or_name_is_refused(classifier_file: Exported, tmp_path: Path) -> None:
    data, path = classifier_file.path.read_bytes(), tmp_path / "edited.onnx"
    name = classifier_file.metadata.classes[0].encode()
    middle = len(data) // 2  # of the weights
    edited = [data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :], data.replace(name, name[::-1])]
    for each in edited:
        path.write_bytes(each)
        with raises(DataError, file=path) as error:
            OnnxModel(path)
        assert "the file is damaged or was edited, so export the model again" in str(error.value)
    path.write_bytes(data)
    assert OnnxModel(path).metadata == classifier_file.metadata


@pytest.mark.slow
def test_a_shipped_encoder_has_its_licence(tmp_path: Path) -> None:
    exported = export_run("conclu_pointnet_shapes", tmp_path / "a.onnx", per_point=True, sizes=SIZES)
    assert exported.metadata.card["licence"] == read_card("conclu_pointnet_shapes")["licence"]
    points = clouds(100)
    expected = load_encoder("conclu_pointnet_shapes").embed(points).numpy()
    np.testing.assert_allclose(embed(exported.path, points), expected, atol=1e-4)
    session = OnnxModel(exported.path)._session
    assert [each.name for each in session.get_outputs()] == ["embedding", "point_features"]


@pytest.mark.slow
def test_a_torch_program_runs_without_the_package(dgcnn_run: Path, tmp_path: Path) -> None:
    """The encoder of a part segmenter: exported from its checkpoint of the encoder alone."""
    checkpoint = export_run(dgcnn_run, tmp_path / "a.safetensors", "safetensors").path
    encoder = load_encoder(checkpoint)
    assert encoder.fingerprint == load_encoder(dgcnn_run).fingerprint
    exported = export_run(checkpoint, tmp_path / "a.pt2", "torch", sizes=SIZES)
    assert exported.differences[0].greatest < 1e-4
    points = RNG.normal(size=(3, 40, 3)).astype(np.float32)
    np.save(tmp_path / "points.npy", points)
    words = [sys.executable, "-c", LOAD, exported.path, tmp_path / "points.npy", tmp_path / "found.npy"]
    result = subprocess.run(words, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == encoder.fingerprint
    batch = batch_clouds(torch.from_numpy(points))
    expected = encoder(batch.pos, batch.batch, 3)[1].numpy()
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), expected, atol=1e-4)
    assert b".py" not in exported.path.read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


class WithoutDense(nn.Module):
    def __init__(self, out_channels: int = 8) -> None:
        super().__init__()
        self.out_channels, self.layer = out_channels, nn.Linear(3, out_channels)

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        x = self.layer(pos)
        return x, torch.stack([x[batch == cloud].amax(dim=0) for cloud in range(batch_size)])


class WrongDense(WithoutDense):
    def dense(self, pos: Tensor) -> tuple[Tensor, Tensor]:
        x = self.layer(pos)
        return x, x.mean(dim=1)


@pytest.fixture
def make_run(tiny_config: dict[str, Any], tmp_path: Path, forget_registered: None) -> Any:
    """Returns a function that trains a run with an encoder of a test."""
    from conclu_pyg.pipelines.build import build_pipeline

    def make(encoder: type[nn.Module]) -> Path:
        ENCODERS.register_module(name=encoder.__name__)(encoder)
        tiny_config["model"]["encoder"] = {"name": encoder.__name__}
        tiny_config["pipeline"] |= {"epochs": 1, "run_dir": str(tmp_path / "run")}
        return build_pipeline(tiny_config).run_train()

    return make


@pytest.mark.parametrize("format", ["onnx", "torch"])
def test_an_encoder_without_a_dense_entry_is_refused(format: str, make_run: Any, tmp_path: Path) -> None:
    run = make_run(WithoutDense)
    with raises(ConfigError, argument="encoder", got="WithoutDense") as error:
        export_run(run, tmp_path / "a", format)
    assert "add the method dense(pos)" in str(error.value) and not (tmp_path / "a").exists()
    export_run(run, tmp_path / "a", "safetensors")
    assert load_encoder(tmp_path / "a").fingerprint == load_encoder(run).fingerprint


def test_a_dense_entry_that_returns_other_values_leaves_the_older_file(make_run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.pt2").write_text("older")
    with pytest.raises(ConcluError, match="expected the dense entry to return embedding of 2 clouds of 30 points"):
        export_run(make_run(WrongDense), tmp_path / "a.pt2", "torch", sizes=SIZES)
    assert (tmp_path / "a.pt2").read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pt2", "run"]


def test_a_program_that_returns_other_values_leaves_no_file(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(model: Any, entries: Any) -> Any:
        return b"", lambda inputs: [output + 0.01 for output in model(*inputs)]

    monkeypatch.setitem(export_module._WRITERS, "onnx", wrong)
    with pytest.raises(ConcluError, match="expected the exported program to return"):
        export_run(tiny_run, tmp_path / "a.onnx", sizes=SIZES)
    assert not list(tmp_path.iterdir())


def test_a_killed_export_leaves_a_file_that_the_next_removal_finds(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(path: Path, **options: Any) -> Any:
        (found,) = tmp_path.iterdir()
        assert found == path
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("conclu_pyg.files._is_running", lambda process: False)
            remove_abandoned(tmp_path)
        assert not path.exists()
        raise KeyError

    monkeypatch.setattr(export_module, "load_encoder", look)
    with pytest.raises(KeyError):
        export_run(tiny_run, tmp_path / "a.safetensors", "safetensors")


def test_a_transform_that_needs_pytorch_is_reported(tiny_config: dict[str, Any], tmp_path: Path) -> None:
    from conclu_pyg.pipelines.build import build_pipeline

    jitter = {"name": "GaussianJitter", "sigma": 0.001}
    tiny_config["dataset"]["transform"] = [{"name": "NormalizeUnitSphere"}, jitter]
    tiny_config["pipeline"] |= {"epochs": 1, "run_dir": str(tmp_path / "run")}
    run = build_pipeline(tiny_config).run_train()
    with pytest.warns(ConcluWarning, match="need .*GaussianJitter"):
        exported = export_run(run, tmp_path / "a.pt2", "torch", sizes=SIZES)
    assert [step["name"] for step in exported.metadata.steps] == ["NormalizeUnitSphere", "GaussianJitter"]


def test_refusals(tiny_run: Path, tiny_task_runs: dict[str, Path], tmp_path: Path) -> None:
    with raises(ArgumentError, argument="format", got="tflite"):
        export_run(tiny_run, tmp_path / "a", "tflite")
    with raises(ArgumentError, argument="per_point"):
        export_run(tiny_task_runs["classification"], tmp_path / "a", per_point=True)
    refused: dict[str, Any] = {"per_point": True, "licence": "mit"}
    for name, value in refused.items():
        with raises(ArgumentError, argument=name):
            export_run(tiny_run, tmp_path / "a", "safetensors", **{name: value})
    with raises(ConcluError, argument="conclu_pyg.card") as error:
        export_run(tiny_run, tmp_path / "a", "torch", licence="a" * MAX_TEXT)
    assert len(str(error.value)) < 500 + len(str(tiny_run))
    assert not list(tmp_path.iterdir())
