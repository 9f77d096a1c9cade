"""Comparison with the clouds that an encoder was trained on."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.datasets.cloud_folder import CloudFolder
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.inference import training_comparison
from conclu_pyg.inference.check import check_inputs
from conclu_pyg.inference.findings import Finding
from conclu_pyg.inference.inputs import find_inputs
from conclu_pyg.inference.reference_clouds import load_reference
from conclu_pyg.inference.single_view import best_view_shares
from conclu_pyg.inference.training_comparison import TrainingFeatures
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder

SHAPES = ParametricShapes(num_points=64)


@pytest.fixture(scope="module")
def encoder(tiny_run: Path) -> FrozenEncoder:
    return load_encoder(tiny_run)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clouds"
    folder.mkdir()
    for index in range(10):
        np.save(folder / f"{index}.npy", SHAPES.make("test", index)[0])
    return folder


def findings(folder: Path, encoder: FrozenEncoder, **options: object) -> dict[str, Finding]:
    found = check_inputs(find_inputs(folder), encoder, workers=0, **options)
    assert found.comparison is not None
    return {each.kind: each for each in found.comparison.findings}


def test_the_space_has_the_distances_of_standardised_features() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 6)) * [1, 2, 3, 4, 5, 1] + 10, rng.normal(size=(7, 6)) * 20
    x[:, 5] = 3
    training = TrainingFeatures(x)
    scale = np.where(np.arange(6) == 5, 1e-3 * x.std(axis=0).max(), x.std(axis=0))

    def standard(rows: np.ndarray) -> np.ndarray:
        return (rows - x.mean(axis=0)) / scale

    every = ((standard(y)[:, None] - standard(x)) ** 2).mean(axis=2) ** 0.5
    np.testing.assert_allclose(training.nearest(y), every.min(axis=1), atol=1e-6)
    np.testing.assert_allclose(training.nearest(x), 0, atol=1e-6)
    among = ((standard(x)[:, None] - standard(x)) ** 2).mean(axis=2) ** 0.5 + 1e9 * np.eye(200)
    assert training.limit == pytest.approx(np.quantile(among.min(axis=1), 0.99), abs=1e-6)
    assert (among.min(axis=1) > training.limit).sum() == 2

    def unit(rows: np.ndarray) -> np.ndarray:
        return standard(rows) / np.linalg.norm(standard(rows), axis=1, keepdims=True)

    every = np.linalg.norm(unit(y)[:, None] - unit(x), axis=2)
    np.testing.assert_allclose(TrainingFeatures(x, directions=True).nearest(y), every.min(axis=1), atol=1e-6)


def test_the_reference_is_the_training_split(encoder: FrozenEncoder) -> None:
    reference = load_reference(encoder, 20)
    run = Checkpoint.load(encoder.source)
    shapes = ParametricShapes(**{key: value for key, value in run.config["dataset"].items() if key != "name"})
    assert reference.title == "ParametricShapes" and len(reference.points) == 20
    for index, points in enumerate(reference.points):
        np.testing.assert_array_equal(points, shapes.make("train", index)[0])
    np.testing.assert_allclose(reference.x, encoder.embed(reference.points, up_axis="z"), atol=1e-5)


def test_the_reference_of_a_run_on_a_folder_is_its_training_split(tiny_run: Path, folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    path = run / "checkpoints" / "last.safetensors"
    checkpoint = Checkpoint.load(path)
    options = {"paths": str(folder), "classes": "none", "test_fraction": 0.3, "num_points": 64, "up_axis": "z"}
    checkpoint.config["dataset"] = {"name": "CloudFolder", **options, "cache_dir": str(tmp_path / "cache")}
    checkpoint.save(path)
    encoder = load_encoder(run)
    reference = load_reference(encoder)
    split = CloudFolder(**options, cache_dir=str(tmp_path / "cache")).get_split("train")
    assert len(reference.points) == len(split) == 7
    files = [folder / f"{split.names[row].rpartition('/')[2].removesuffix('.npy')}.npy" for row in range(7)]
    np.testing.assert_allclose(reference.x, encoder.embed(files), atol=1e-4)
    found = findings(folder, encoder)["training data"]
    assert found.values["compared"] == 10 and found.values["reference"] == CloudFolder(**options).name


def test_clouds_of_the_training_are_like_it_and_noise_is_not(folder: Path, encoder: FrozenEncoder) -> None:
    clouds = load_reference(encoder).points
    for index in range(10):
        np.save(folder / f"{index}.npy", clouds[index])
    found = findings(folder, encoder)
    assert found["training data"].values["count"] == 0 and not found["training data"].is_warning
    assert found["training data"].values["median"] == pytest.approx(0, abs=1e-3) and not found["orientation"].is_warning
    assert "fewer points" not in found
    rng = np.random.default_rng(0)
    for index in range(6):
        outlier = [[30.0 + 10 * index, 0, 0]]
        np.save(folder / f"noise_{index}.npy", np.concatenate([rng.normal(size=(60, 3)), outlier]))
    unlike = findings(folder, encoder)["training data"]
    training = TrainingFeatures(load_reference(encoder).x)
    names = [f"noise_{index}.npy" for index in range(6)]
    distances = {name: float(training.nearest(encoder.embed(folder / name).numpy())[0]) for name in names}
    expected = [name for name in sorted(names, key=lambda name: -distances[name]) if distances[name] > training.limit]
    assert expected and list(unlike.clouds) == expected and unlike.values["count"] == len(expected)
    assert len(expected) > 3 and unlike.is_warning


def test_clouds_that_lie_are_told_to_stand_up(tmp_path: Path, encoder: FrozenEncoder) -> None:
    clouds = load_reference(encoder).points
    for index in range(10):
        np.save(tmp_path / f"{index}.npy", np.roll(clouds[index], 1, axis=1))  # x becomes y, and z becomes x
    finding = findings(tmp_path, encoder)["orientation"]
    assert finding.is_warning and finding.values["best"] == "x" and "--up x" in finding.text
    assert finding.values["medians"]["x"] == min(finding.values["medians"].values()) == pytest.approx(0, abs=1e-3)
    assert not findings(tmp_path, encoder, up_axis="x")["orientation"].is_warning
    for index in range(10):
        np.save(tmp_path / f"{index}.npy", clouds[index] * np.array([1, -1, -1], np.float32))
    upside_down = findings(tmp_path, encoder)["orientation"]
    # A half turn about another axis differs by a half turn about the up axis.
    assert upside_down.values["medians"]["-z"] < upside_down.values["medians"]["z"]


def test_clouds_of_fewer_points_are_counted(folder: Path, encoder: FrozenEncoder) -> None:
    np.save(folder / "small.npy", SHAPES.make("test", 3)[0][:40])
    finding = findings(folder, encoder)["fewer points"]
    assert finding.clouds == ["small.npy"] and "64" in finding.text


def test_at_most_so_many_clouds_are_compared(
    folder: Path, encoder: FrozenEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_comparison, "MAX_CLOUDS", 4)
    found = check_inputs(find_inputs(folder), encoder, workers=0).comparison
    assert found is not None and list(found.distances) == ["0.npy", "3.npy", "6.npy", "9.npy"]


def test_missing_training_data_are_named(folder: Path, encoder: FrozenEncoder, tiny_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    path = run / "checkpoints" / "last.safetensors"
    checkpoint = Checkpoint.load(path)
    checkpoint.config["dataset"] = {"name": "ModelNet", "dataset_path": str(tmp_path / "gone"), "download": True}
    checkpoint.save(path)
    found = findings(folder, load_encoder(run))
    assert list(found) == ["training data"] and "not there" in found["training data"].text
    assert not (tmp_path / "gone").exists()
    unknown = FrozenEncoder(encoder.encoder, num_points=64)
    assert "no run" in findings(folder, unknown)["training data"].text


def test_a_scan_from_one_side_is_seen_at_once() -> None:
    rng = np.random.default_rng(0)
    ball = rng.normal(size=(4000, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    half = ball[ball @ [0.6, 0, 0.8] > 0.2]
    whole, one_sided = best_view_shares([ball, half])
    assert 0.3 < whole < 0.7 and one_sided > 0.95
    np.testing.assert_allclose(best_view_shares([half, ball]), [one_sided, whole], atol=1e-6)
