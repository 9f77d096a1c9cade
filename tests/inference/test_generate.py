"""Generation of clouds by a run of l-GAN in two stages."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import raises

from conclu_pyg.cli.main import main
from conclu_pyg.config import load_config
from conclu_pyg.errors import CheckpointError, ConfigError
from conclu_pyg.evaluation.probe import probe_splits
from conclu_pyg.evaluation.probes.generation import GenerationProbe
from conclu_pyg.inference.generate import generate_clouds
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.pipelines.stages import train
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.decoder_weights import load_decoder
from conclu_pyg.runs.loaded_run import LoadedRun, load_run

SMALL = [
    "dataset.num_shapes=40",
    "dataset.num_test_shapes=20",
    "dataset.num_points=32",
    "pipeline.epochs=1",
    "pipeline.batch_size=10",
    "pipeline.device=cpu",
    "pipeline.loggers=[csv]",
    "model.num_points=32",
    "model.encoder.out_channels=8",
    "model.decoder.num_points=24",
    "stages.gan.model.num_points=32",
    "stages.gan.model.encoder.out_channels=8",
    "stages.gan.model.decoder.num_points=24",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = load_config("latentgan_pointnet", [*SMALL, f"pipeline.run_dir={tmp_path_factory.mktemp('lgan') / 'run'}"])
    return train(config, "latentgan_pointnet")


@pytest.fixture(scope="module")
def run(folder: Path) -> LoadedRun:
    return load_run(folder)


def test_the_second_stage_has_the_auto_encoder_of_the_first(folder: Path) -> None:
    first, second = (Checkpoint.load(folder / stage) for stage in ("autoencoder", "gan"))
    for name, value in first.weights.items():
        assert torch.equal(second.weights[name], value), name
    assert second.pretraining is not None and second.pretraining.method == "Autoencoder"
    assert any(name.startswith("generator.") for name in second.weights)


def test_clouds_depend_on_the_seed_and_not_on_their_number(run: LoadedRun) -> None:
    clouds = generate_clouds(run, 5)
    assert clouds.shape == (5, 24, 3) and clouds.dtype == np.float32 and np.isfinite(clouds).all()
    assert np.allclose(generate_clouds(run, 2), clouds[:2], atol=1e-6)
    run.method.train()
    assert np.array_equal(generate_clouds(run, 5), clouds) and run.method.training
    assert not np.allclose(generate_clouds(run, 5, seed=1), clouds)


@pytest.mark.parametrize("suffix", ["ply", "npz"])
def test_the_command_writes_clouds_and_a_page(
    suffix: str, folder: Path, run: LoadedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["generate", str(folder), "-n", "11", "-o", str(out), "--format", suffix]
    assert main(arguments) == 0
    assert "11 clouds of 24 points" in capsys.readouterr().out
    assert len(list(out.iterdir())) == 12 and (out / "generated.html").read_text().count("<svg") == 11
    (cloud,) = read_clouds(out / f"generated_03.{suffix}")
    assert np.allclose(cloud.points, generate_clouds(run, 11)[3], atol=1e-6)
    assert main(arguments) == 2 and "exists already" in capsys.readouterr().err


def test_the_page_has_a_limit_and_the_document_all_files(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["generate", str(folder), "-n", "62", "-o", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    page = (out / document["page"]).read_text()
    assert page.count("<svg") == 60 and "the first 60 of 62 clouds" in page and document["points"] == 24
    assert {*document["files"], document["page"]} == {path.name for path in out.iterdir()}
    assert len(document["files"]) == 62


def test_an_interrupted_call_can_be_repeated(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["generate", str(folder), "-n", "3", "-o", str(tmp_path / "out")]

    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("conclu_pyg.vis.cards.write_cards", interrupt)
        assert main(arguments) == 130
    assert not list(tmp_path.iterdir())
    assert main(arguments) == 0


def test_the_probe_compares_generated_with_test_clouds(run: LoadedRun) -> None:
    values = {result.metric: result.value for result in GenerationProbe().measure(run, probe_splits(run))}
    assert list(values) == ["JSD", "MMD", "coverage"]
    generated = torch.from_numpy(generate_clouds(run, 20, run.seed)).double()
    reference = torch.from_numpy(np.stack([cloud.pos.numpy() for cloud in run.split("test")])).double()
    draw = torch.Generator().manual_seed(run.seed)
    a, b = (x[:, torch.randperm(x.size(1), generator=draw)[:24]] for x in (generated, reference))
    squared = (a[:, None, :, None] - b[None, :, None, :]).square().sum(dim=-1)  # (20, 20, 24, 24)
    distance = squared.amin(dim=3).mean(dim=2) + squared.amin(dim=2).mean(dim=2)
    assert values["MMD"] == pytest.approx(100 * distance.amin(dim=0).mean().item(), rel=1e-4)
    assert values["coverage"] == pytest.approx(100 * len(set(distance.argmin(dim=1).tolist())) / 20)
    assert 0 < values["JSD"] < 100  # bits of distributions that overlap


def test_a_run_that_generates_nothing_is_refused(tiny_run: Path) -> None:
    run = load_run(tiny_run)
    with raises(ConfigError, got="ConClu"):
        generate_clouds(run, 1)
    run.method.generate = torch.nn.Identity()  # without noise_channels
    with raises(ConfigError, got="ConClu"):
        generate_clouds(run, 1)


def test_a_decoder_takes_weights_of_its_own_shapes_alone(folder: Path, tiny_run: Path) -> None:
    method = load_run(folder / "autoencoder").method
    other = torch.nn.Module()
    with pytest.raises(CheckpointError, match=r"layers\.0\.weight is unexpected"):
        load_decoder(other, str(folder / "autoencoder"))
    with pytest.raises(CheckpointError, match=r"layers\.0\.weight is missing"):
        load_decoder(method.decoder, str(tiny_run))
