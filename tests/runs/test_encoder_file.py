"""The encoder alone: a small file that is loaded, evaluated and fine-tuned from as a run is."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import raises

from conclu_pyg import ENCODERS
from conclu_pyg.cli.main import main
from conclu_pyg.errors import CheckpointError, ConfigError
from conclu_pyg.evaluation.evaluate import evaluate_run
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import BEST, ENCODER_FILE, LAST
from conclu_pyg.runs.frozen_encoder import load_encoder
from conclu_pyg.runs.loaded_run import load_run
from conclu_pyg.runs.pretrained import load_pretrained


@pytest.fixture
def file(tiny_run: Path, tmp_path: Path) -> Path:
    """The encoder's file, away from its run."""
    return Path(shutil.copy(tiny_run / ENCODER_FILE, tmp_path / "mine.safetensors"))


def test_a_training_writes_it_with_the_weights_of_the_encoder_and_nothing_to_resume_from(tiny_run: Path) -> None:
    run, encoder = Checkpoint.load(tiny_run), Checkpoint.load(tiny_run / ENCODER_FILE)
    assert encoder.part == "encoder" and run.part == "model" and not encoder.optimizer and not encoder.random
    assert encoder.weights.keys() == {name for name in run.weights if name.startswith("encoder.")}
    assert all(torch.equal(value, run.weights[name]) for name, value in encoder.weights.items())
    assert (encoder.config, encoder.epoch, encoder.command) == (run.config, run.epoch, run.command)
    assert 3 * (tiny_run / ENCODER_FILE).stat().st_size < (tiny_run / LAST).stat().st_size


def test_it_has_the_same_embeddings_as_the_run(tiny_run: Path, file: Path) -> None:
    clouds = torch.randn(3, 40, 3)
    assert torch.equal(load_encoder(file).embed(clouds), load_encoder(tiny_run).embed(clouds))


def test_its_evaluation_is_that_of_the_run(tiny_run: Path, file: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    (of_run,) = evaluate_run(str(run))
    (of_file,) = evaluate_run(str(file))
    same = ("value", "method", "encoder", "losses", "epochs", "fingerprint", "initialisation", "protocol", "training")
    assert all(getattr(of_file, name) == getattr(of_run, name) for name in same)
    assert (tmp_path / "results.json").is_file()
    assert main(["evaluate", str(file), "--with-random"]) == 0


def test_another_training_begins_with_it(tiny_run: Path, file: Path, tiny_config: dict[str, Any]) -> None:
    encoder = ENCODERS.build(tiny_config["model"]["encoder"])
    origin = load_pretrained(encoder, str(file), tiny_config["model"]["encoder"])
    assert (origin.method, origin.epochs, origin.mismatches) == ("ConClu", 2, None)
    expected = Checkpoint.load(tiny_run).weights
    assert all(torch.equal(value, expected[f"encoder.{name}"]) for name, value in encoder.state_dict().items())


def test_it_predicts_nothing_and_cannot_be_resumed(tiny_run: Path, tmp_path: Path, tiny_config: dict[str, Any]) -> None:
    assert main(["predict", str(tiny_run / ENCODER_FILE), "--test", "1"]) == 2
    folder = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    shutil.copy(folder / ENCODER_FILE, folder / LAST)
    config = {**Checkpoint.load(tiny_run).config}
    config["pipeline"] = {**config["pipeline"], "epochs": 3}
    with pytest.raises(CheckpointError, match=r"\S+ is missing; .* and \d+ more"):
        build_pipeline(config).run_train(folder)


def test_of_a_supervised_run_it_is_the_best_epoch_s_and_is_only_embedded_with(
    tmp_path: Path, tiny_config: dict[str, Any]
) -> None:
    config = {**tiny_config, "model": {"name": "Classifier", "encoder": tiny_config["model"]["encoder"]}}
    config["pipeline"] = {"name": "Finetuning", "epochs": 4, "batch_size": 16, "device": "cpu", "validation": 0.3}
    folder = build_pipeline({**config, "pipeline": {**config["pipeline"], "run_dir": str(tmp_path / "a")}}).run_train()
    best = Checkpoint.load(folder / BEST)
    assert Checkpoint.load(folder / ENCODER_FILE).epoch == best.epoch
    assert load_encoder(folder / ENCODER_FILE).embed(torch.randn(2, 30, 3)).shape == (2, 32)
    assert load_run(folder / ENCODER_FILE).device.type == "cpu"
    with raises(ConfigError, file=folder / ENCODER_FILE):
        evaluate_run(str(folder / ENCODER_FILE))
