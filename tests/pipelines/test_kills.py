"""Runs that signals end at random moments, and that are resumed after each: they end like an unbroken run.

A long form: ``pytest tests/pipelines/test_kills.py --kills 50``.
"""

import multiprocessing
import os
import random
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch

from conclu_pyg.cli.main import main
from conclu_pyg.config_files import dump_config
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.checkpoint_files import newest_checkpoint

pytestmark = pytest.mark.slow

ENCODER = {"name": "PointNet", "out_channels": 16, "input_transform": False, "feature_transform": False}
HEADS = {
    "projector": {"name": "ProjectionHead", "hidden_channels": 16, "out_channels": 8},
    "predictor": {"name": "PredictionHead", "hidden_channels": 8},
}
DECODER = {"name": "MLPDecoder", "num_points": 16, "hidden_channels": [16, 16]}
VIEWS = [{"name": "FixedPoints", "num_points": 16}, {"name": "RandomYawRotate"}]
PRETRAINING = {"name": "Pretraining", "views": VIEWS}
FINETUNING = {"name": "Finetuning", "validation": 0.2}
CONTRAST = {"model": {"name": "SimSiam", "encoder": ENCODER, **HEADS}, "pipeline": PRETRAINING}
CLASSIFIER = {"model": {"name": "Classifier", "encoder": ENCODER}, "pipeline": FINETUNING}
LOADED = {"name": "Classifier", "encoder": {**ENCODER, "checkpoint": "contrast"}}
CASES: dict[str, dict[str, Any]] = {
    "ConClu": {**CONTRAST, "model": {"name": "ConClu", "encoder": ENCODER, **HEADS}},
    "BYOL": {**CONTRAST, "model": {"name": "BYOL", "encoder": ENCODER, **HEADS}},
    "OcCo": {
        "model": {"name": "OcCo", "encoder": ENCODER, "decoder": DECODER, "num_points": 16},
        "pipeline": {"name": "Pretraining"},
    },
    "fine-tuning": CLASSIFIER,
    "stages": {**CONTRAST, "stages": {"contrast": {}, "labels": {**CLASSIFIER, "model": LOADED}}},
}
PRELOAD = [
    *("conclu_pyg.cli.main", "conclu_pyg.pipelines.stages", "conclu_pyg.pipelines.base", "conclu_pyg.methods"),
    *("conclu_pyg.encoders", "conclu_pyg.datasets", "conclu_pyg.tasks", "torch.utils.tensorboard", "matplotlib.pyplot"),
]
STEPS = {"batch_size": 16, "device": "cpu", "save_minutes": 1e-5, "report": False}
SHAPES = {"name": "ParametricShapes", "num_shapes": 64, "num_test_shapes": 20, "num_points": 32}
SIGNALS = (*[signal.SIGKILL] * 5, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


def start(config: Path, folder: Path) -> BaseProcess:
    """Train in a process whose modules are imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    process = context.Process(target=main, args=(["train", str(config), "--resume", f"pipeline.run_dir={folder}"],))
    process.start()
    return process


def saved_steps(folder: Path) -> int:
    """Return the finished steps in the newest checkpoints of a run, or of all its stages."""
    newest = [newest_checkpoint(path.parent) for path in folder.rglob("config.yaml")]
    return sum(checkpoint.step for checkpoint in newest if checkpoint is not None)


@pytest.fixture(params=list(CASES))
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    case = CASES[request.param]
    steps = {**STEPS, "epochs": 3 * request.config.getoption("--kills")}
    sections: dict[str, Any] = {"dataset": SHAPES, **case, "pipeline": {**case["pipeline"], **steps}}
    if "stages" in case:
        sections["stages"]["labels"] |= {"pipeline": {**FINETUNING, **steps}}
    (tmp_path / "config.yaml").write_text(dump_config(sections))
    return tmp_path / "config.yaml"


@pytest.mark.timeout(3600)
def test_a_run_that_is_killed_and_resumed_equals_an_unbroken_one(
    config: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    unbroken = start(config, tmp_path / "unbroken")
    unbroken.join()
    assert unbroken.exitcode == 0

    draw, kills, steps = random.Random(0), 0, 0
    while (process := start(config, tmp_path / "broken")).exitcode is None:
        if kills < request.config.getoption("--kills"):
            process.join(draw.uniform(0, 1.5))
        else:
            process.join()
        if process.exitcode is not None:
            break
        assert process.pid is not None
        os.kill(process.pid, draw.choice(SIGNALS))
        process.join()
        kills += 1
        before, steps = steps, saved_steps(tmp_path / "broken")
        assert steps >= before, "a checkpoint was lost"
    assert process.exitcode == 0 and kills > 0

    for path in (tmp_path / "unbroken").rglob("last.safetensors"):
        other = tmp_path / "broken" / path.relative_to(tmp_path / "unbroken")
        a, b = Checkpoint.load(path), Checkpoint.load(other)
        assert (a.step, a.epoch) == (b.step, b.epoch)
        assert all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)
        assert read_metrics(path.parents[1])["loss"] == read_metrics(other.parents[1])["loss"]
    assert not list((tmp_path / "broken").rglob(".*.tmp"))
