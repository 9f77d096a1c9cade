"""Training on labels: which clouds, which weights move, which epoch is kept."""

import copy
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.engine.checkpoint import Checkpoint
from conclu_pyg.engine.metrics import read_metrics
from conclu_pyg.engine.run_folder import BEST, LAST, find_checkpoint
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.metrics import Scores
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.finetuning import Finetuning

Build = Callable[..., Finetuning]


@pytest.fixture
def build(tiny_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Builds a tiny fine-tuning of the class ``model``, without its picture, which takes longer than its epochs."""
    monkeypatch.setattr("conclu_pyg.pipelines.base.plot_curves", lambda *_: None)
    encoder = tiny_config["model"]["encoder"]

    def build(model: str = "Classifier", checkpoint: Path | None = None, **pipeline: Any) -> Finetuning:
        config = copy.deepcopy(tiny_config)
        config["model"] = {"name": model, "encoder": {**encoder, "checkpoint": checkpoint and str(checkpoint)}}
        config["pipeline"] = {"name": "Finetuning", "epochs": 2, "batch_size": 16, "device": "cpu"}
        config["pipeline"] |= {"log_dir": str(tmp_path / "runs"), **pipeline}
        built: Finetuning = build_pipeline(config)
        return built

    return build


def state(pipeline: Finetuning) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in pipeline.model.state_dict().items()}


def moved(before: dict[str, Tensor], pipeline: Finetuning) -> set[str]:
    after = pipeline.model.state_dict()
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("model", ["Classifier", "PartSegmenter"])
def test_the_loss_falls_and_accuracy_is_logged(model: str, build: Build) -> None:
    metrics = read_metrics(build(model, epochs=15, lr=0.005).run_train())
    assert metrics["loss"][-1] < 0.8 * metrics["loss"][0]
    assert metrics["loss"] == metrics["loss/cross_entropy"]
    assert metrics["train/accuracy"][-1] > metrics["train/accuracy"][0]


def test_the_same_seed_gives_the_same_weights(build: Build) -> None:
    first, again, other = (Checkpoint.load(build(seed=seed).run_train()).method for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_a_start_from_a_run_has_its_encoder_and_says_whose(build: Build, tiny_run: Path) -> None:
    pipeline = build(checkpoint=tiny_run)
    learnt = Checkpoint.load(tiny_run)
    for name, value in pipeline.model.encoder.state_dict().items():
        assert torch.equal(value, learnt.method[f"encoder.{name}"]), name
    pretraining = Checkpoint.load(pipeline.run_train()).pretraining
    assert (pretraining["dataset"], pretraining["method"], pretraining["epochs"]) == ("ParametricShapes", "ConClu", 2)
    assert Checkpoint.load(build().run_train()).pretraining == {}


def test_a_frozen_encoder_keeps_its_weights_and_statistics(build: Build, tiny_run: Path) -> None:
    pipeline = build(checkpoint=tiny_run, encoder_lr=0)
    before = state(pipeline)
    pipeline.run_train()
    changed = moved(before, pipeline)
    assert changed and not any(name.startswith("encoder.") for name in changed)


def test_a_frozen_random_encoder_is_warned_about(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    build(encoder_lr=0)
    assert (
        "warning: the encoder is frozen (pipeline.encoder_lr=0) and its weights are random" in capsys.readouterr().out
    )


def test_the_encoder_has_a_learning_rate_of_its_own(build: Build) -> None:
    pipeline = build(lr=0.01, encoder_lr=0.001)
    rates = {group["lr"]: {id(p) for p in group["params"]} for group in pipeline.optimizer.param_groups}
    assert rates[0.001] == {id(p) for p in pipeline.model.encoder.parameters()}
    assert rates[0.01] == {id(p) for p in pipeline.model.head.parameters()}


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ({"schedule": "cosine", "epochs": 4}, [0.01, 0.008536, 0.005, 0.001464]),
        ({"schedule": "step", "epochs": 4, "lr_decay": 0.5, "lr_decay_epochs": 2}, [0.01, 0.01, 0.005, 0.005]),
    ],
)
def test_schedules(schedule: dict[str, Any], rates: list[float], build: Build) -> None:
    assert read_metrics(build(lr=0.01, **schedule).run_train())["lr"] == pytest.approx(rates, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "clouds"),
    [({}, 48), ({"label_per_class": 2}, 40), ({"label_fraction": 0.5}, 28), ({"validation": 0.5}, 24)],
    ids=["all", "per class", "fraction", "validation"],
)
def test_the_clouds_that_are_asked_for_are_trained_on(options: dict[str, Any], clouds: int, build: Build) -> None:
    pipeline = build(**options)
    split = pipeline.training_split()
    assert len(split) == clouds
    held_out = pipeline._held_out
    assert (held_out is None) == ("validation" not in options)
    if held_out is not None:
        assert not set(held_out.names) & set(split.names) and len(held_out) + len(split) == 48
    assert set(split.names) == set(build(**options).training_split().names)


def test_every_cloud_counts_but_one_that_would_be_a_batch_alone(build: Build) -> None:
    for batch_size, steps in ((16, 3), (20, 3), (47, 1)):
        assert read_metrics(build(batch_size=batch_size, epochs=1).run_train())["step"] == [steps]


def validating(pipeline: Finetuning, values: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives the accuracy on the validation clouds that each epoch is said to have."""
    left = iter(values)
    monkeypatch.setattr(
        type(pipeline.model), "scores", lambda *_: Scores({"accuracy": next(left)}, {}, torch.zeros(1, 1))
    )


def test_the_best_epoch_is_kept_and_patience_ends(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = build(epochs=9, validation=0.5, patience=2)
    validating(pipeline, [10.0, 30.0, 20.0, 30.0, 50.0], monkeypatch)
    folder = pipeline.run_train()
    assert read_metrics(folder)["validation/accuracy"] == [10, 30, 20, 30]
    assert Checkpoint.load(folder / LAST).epoch == 4 and Checkpoint.load(folder / BEST).epoch == 2
    assert find_checkpoint(folder) == folder / BEST


def test_without_validation_the_last_epoch_counts(build: Build) -> None:
    folder = build().run_train()
    assert not (folder / BEST).exists() and find_checkpoint(folder) == folder / LAST


def test_balanced_weights_count_every_label_alike(build: Build) -> None:
    pipeline = build("PartSegmenter", class_weights="balanced")
    split = pipeline.training_split()
    assert split.part is not None and pipeline._weight is not None
    counts = np.bincount(split.part.ravel(), minlength=len(pipeline.model.labels.parts))
    total = pipeline._weight.numpy() * counts
    assert np.allclose(total[counts > 0], counts.sum() / (counts > 0).sum()) and not total[counts == 0].any()
    assert build("PartSegmenter").training_split() is not None and build("PartSegmenter")._weight is None


def test_smoothing_changes_the_loss_alone(build: Build) -> None:
    plain, smooth = (read_metrics(build(epochs=1, label_smoothing=share).run_train()) for share in (0.0, 0.3))
    assert plain["train/accuracy"] != [] and plain["loss"] != smooth["loss"]


def test_clouds_are_turned_to_the_axis_that_the_encoder_knows(build: Build, tiny_run: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.load(tiny_run)
    checkpoint.vertical_axis = 1
    checkpoint.save(tmp_path / "y_up.pt")
    pipeline = build(checkpoint=tmp_path / "y_up.pt")
    turned, straight = pipeline.training_split()[0].pos, build().training_split()[0].pos
    assert torch.equal(turned[:, 1], straight[:, 2]) and pipeline.vertical_axis == 1
    assert Checkpoint.load(pipeline.run_train()).vertical_axis == 1


def test_ctrl_c_saves_between_two_steps(build: Build) -> None:
    pipeline = build(epochs=5, batch_size=8)
    views, calls = pipeline.views, []

    def interrupting(clouds: Batch) -> Batch:
        calls.append(len(clouds))
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return views(clouds)

    pipeline.views = interrupting  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        pipeline.run_train()
    (folder,) = Path(pipeline.log_dir).iterdir()
    assert (Checkpoint.load(folder).batch, Checkpoint.load(folder).step) == (2, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": 0.0}, "pipeline.lr must be finite and above 0"),
        ({"encoder_lr": -1.0}, "encoder_lr and weight_decay finite and at least 0"),
        ({"label_smoothing": 1.0}, "pipeline.label_smoothing must be at least 0 and below 1"),
        ({"label_fraction": 0.0}, "label_fraction above 0 and at most 1"),
        ({"label_per_class": 0}, "pipeline.label_per_class must be at least 1, found 0"),
        ({"label_fraction": 0.5, "label_per_class": 2}, "exclude each other; give one of them"),
        ({"validation": 1.0}, "pipeline.validation, a share, must be at least 0 and below 1, found 1.0"),
        ({"patience": 3}, "pipeline.patience=3 needs validation clouds to stop by"),
        ({"patience": -1}, "pipeline.patience must be at least 0"),
        ({"epochs": 0}, "pipeline.epochs must be at least 1"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], message: str, build: Build) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_per_class": 4}, "4 labels of each class cannot be drawn"),
        ({"train_on": "all"}, "has no split 'all'; it has train, test"),
        ({"validation": "val"}, "has no split 'val'"),
    ],
)
def test_clouds_that_there_are_not_are_refused(options: dict[str, Any], message: str, build: Build) -> None:
    with pytest.raises(DataError, match=message):
        build(**options).run_train()


def test_pipelines_and_models_of_the_other_kind_are_refused(tiny_config: dict[str, Any], build: Build) -> None:
    with pytest.raises(ConfigError, match=r"trains on labels, and model.name=ConClu learns without them"):
        build_pipeline({**tiny_config, "pipeline": {"name": "Finetuning"}})
    model = {"name": "Classifier", "encoder": tiny_config["model"]["encoder"]}
    with pytest.raises(
        ConfigError, match=r"trains a method on two views, and model.name=Classifier learns from labels"
    ):
        build_pipeline({**tiny_config, "model": model})
