"""Training on labels: which clouds, which weights move, which epoch is kept."""

import copy
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import assert_error
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.config import check
from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConcluError, ConfigError, DataError
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.methods.base import Progress
from conclu_pyg.metrics import Scores
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.finetuning import Finetuning
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import BEST, LAST, find_checkpoint
from conclu_pyg.runs.provenance import CloudSet, EncoderTreatment, LabelledTraining

pytestmark = pytest.mark.usefixtures("terminal")

Build = Callable[..., Finetuning]


@pytest.fixture
def build(tiny_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Builds a tiny fine-tuning of the class ``model``, without its picture, which takes longer than its epochs."""
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
    metrics = read_metrics(build(model, epochs=15, optimizer={"name": "AdamW", "lr": 0.005}).run_train())
    assert metrics["loss"][-1] < 0.8 * metrics["loss"][0]
    assert metrics["loss"] == metrics["loss/cross_entropy"]
    assert metrics["train/accuracy"][-1] > metrics["train/accuracy"][0]


def test_the_same_seed_gives_the_same_weights(build: Build) -> None:
    first, again, other = (Checkpoint.load(build(seed=seed).run_train()).weights for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_a_start_from_a_run_has_its_encoder_and_logs_its_origin(build: Build, tiny_run: Path) -> None:
    pipeline = build(checkpoint=tiny_run)
    loaded = Checkpoint.load(tiny_run)
    for name, value in pipeline.model.encoder.state_dict().items():
        assert torch.equal(value, loaded.weights[f"encoder.{name}"]), name
    pretraining = Checkpoint.load(pipeline.run_train()).pretraining
    assert pretraining is not None
    assert (pretraining.dataset, pretraining.method, pretraining.epochs) == ("ParametricShapes", "ConClu", 2)
    assert pretraining.losses == loaded.loss_names and loaded.loss_names[:2] == ("contrast", "cluster")
    assert Checkpoint.load(build().run_train()).pretraining is None


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
    pipeline = build(optimizer={"name": "AdamW", "lr": 0.01}, encoder_lr=0.001)
    rates = {group["lr"]: {id(p) for p in group["params"]} for group in pipeline.optimizer.param_groups}
    assert rates[0.001] == {id(p) for p in pipeline.model.encoder.parameters()}
    assert rates[0.01] == {id(p) for p in pipeline.model.head.parameters()}


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (None, [0.01, 0.008536, 0.005, 0.001464]),
        ({"name": "cosine"}, [0.01, 0.008536, 0.005, 0.001464]),
        ({"name": "step", "decay": 0.5, "decay_epochs": 2}, [0.01, 0.01, 0.005, 0.005]),
    ],
)
def test_schedules(schedule: dict[str, Any] | None, rates: list[float], build: Build) -> None:
    folder = build(optimizer={"name": "AdamW", "lr": 0.01}, schedule=schedule, epochs=4).run_train()
    assert read_metrics(folder)["lr"] == pytest.approx(rates, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "clouds"),
    [({}, 48), ({"label_per_class": 2}, 40), ({"label_fraction": 0.5}, 28), ({"validation": 0.5}, 24)],
    ids=["all", "per class", "fraction", "validation"],
)
def test_the_requested_clouds_are_trained_on(options: dict[str, Any], clouds: int, build: Build) -> None:
    pipeline = build(**options)
    split = pipeline.training_split()
    assert len(split) == clouds
    held_out = pipeline.held_out
    assert (held_out is None) == ("validation" not in options)
    if held_out is not None:
        assert not set(held_out.names) & set(split.names) and len(held_out) + len(split) == 48
    assert set(split.names) == set(build(**options).training_split().names)


def test_every_cloud_counts_in_batches_of_nearly_equal_size(build: Build) -> None:
    for batch_size, steps in ((16, 3), (20, 3), (47, 2)):
        assert read_metrics(build(batch_size=batch_size, epochs=1).run_train())["step"] == [steps]


def validating(pipeline: Finetuning, values: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives the accuracy on the validation clouds that a test sets for each epoch."""
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
    assert split.part is not None and pipeline.label_weights is not None
    counts = np.bincount(np.asarray(split.part).ravel(), minlength=len(pipeline.model.labels.parts))
    total = pipeline.label_weights.numpy() * counts
    assert np.allclose(total[counts > 0], counts.sum() / (counts > 0).sum()) and not total[counts == 0].any()
    assert build("PartSegmenter").training_split() is not None and build("PartSegmenter").label_weights is None


@pytest.mark.parametrize("model", ["Classifier", "PartSegmenter"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("balanced", [False, True])
def test_the_loss_is_the_weighted_cross_entropy_of_smoothed_targets(
    model: str, smoothing: float, balanced: bool, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = build(model, views=[], label_smoothing=smoothing, class_weights="balanced" if balanced else "none")
    uneven = pipeline.dataset.get_split("train").subset(np.array([*range(15), *range(8), 3, 3, 3]))
    monkeypatch.setattr(pipeline.dataset, "get_split", lambda name, up_axis=None: uneven)
    clouds = pipeline.training_split().__getitems__(range(26))
    pipeline.model.eval()  # no dropout, so that it gives the same twice
    output = pipeline.losses(pipeline.model, clouds)
    logits = pipeline.model(clouds).detach().double().numpy()
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert uneven.part is not None
    targets = uneven.y if model == "Classifier" else np.asarray(uneven.part).ravel()
    weights = np.ones(logits.shape[1])
    if balanced:
        weights = np.array([1 / n if n else 0 for n in np.bincount(targets, minlength=len(weights))])
    of_target = (weights * log_p)[range(len(targets)), targets]
    smoothed = (1 - smoothing) * of_target + smoothing * (weights * log_p).mean(axis=1)
    assert output.losses["cross_entropy"].item() == pytest.approx(-smoothed.sum() / weights[targets].sum(), rel=1e-4)
    allowed = np.ones(logits.shape, dtype=bool)
    if model == "PartSegmenter":  # only the parts of the category compete, as in evaluation
        parts = [pipeline.model.labels.class_parts[y] for y in uneven.y]
        allowed = np.repeat([np.isin(range(logits.shape[1]), own) for own in parts], uneven.pos.shape[1], axis=0)
    right = (np.where(allowed, logits, -np.inf).argmax(axis=1) == targets).mean()
    assert output.metrics["train/accuracy"].item() == pytest.approx(100 * right, rel=1e-5)


@pytest.mark.parametrize("model", ["Classifier", "PartSegmenter"])
def test_validation_is_the_accuracy_on_the_held_out_clouds(model: str, build: Build) -> None:
    pipeline = build(model, epochs=1, validation=0.5)
    metrics = read_metrics(pipeline.run_train())
    assert pipeline.held_out is not None and f"validation/{pipeline.model.metric}" in metrics
    clouds, trained = pipeline.held_out.__getitems__(range(len(pipeline.held_out))), pipeline.model.eval()
    with torch.no_grad():
        predicted = trained.log_probabilities(trained(clouds), clouds).argmax(dim=1)
    right = (predicted == trained.targets(clouds)).double().mean().item()
    assert metrics["validation/accuracy"] == [pytest.approx(100 * right)]


def test_validation_changes_neither_training_nor_a_frozen_encoder(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = []
    for measured in (True, False):
        pipeline = build(validation=0.5, encoder_lr=0)
        if not measured:
            monkeypatch.setattr(pipeline, "measure_epoch", lambda: {"validation/accuracy": 0.0})
        before = state(pipeline)
        weights.append(Checkpoint.load(pipeline.run_train() / LAST).weights)
        assert not any(name.startswith("encoder.") for name in moved(before, pipeline))
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_labels_to_choose_by_are_of_those_that_were_drawn(build: Build) -> None:
    for options in ({"label_per_class": 2}, {"label_fraction": 0.8}):
        labelled = set(build(**options).training_split().names)
        pipeline = build(validation=0.5, **options)
        trained = set(pipeline.training_split().names)
        assert pipeline.held_out is not None and not trained & set(pipeline.held_out.names)
        assert trained | set(pipeline.held_out.names) == labelled


def test_parts_without_pre_training_are_in_the_protocol(build: Build, tiny_run: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.load(tiny_run)
    lost = next(name for name in checkpoint.weights if name.startswith("encoder."))
    del checkpoint.weights[lost]
    checkpoint.save(tmp_path / "less.safetensors")
    pipeline = build(checkpoint=tmp_path / "less.safetensors")
    pipeline.training_split()
    tensors = len(pipeline.model.encoder.state_dict())
    assert pipeline.trained_on is not None and pipeline.trained_on.encoder.mismatches is not None
    mismatches = pipeline.trained_on.encoder.mismatches
    assert (mismatches.num_tensors, mismatches.missing, mismatches.unexpected) == (tensors, 1, 0)


def test_the_checkpoint_remembers_the_best_epoch(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline, figures = build(validation=0.5, epochs=3), iter([5.0, 7.0, 6.0])
    monkeypatch.setattr(pipeline, "measure_epoch", lambda: {"validation/accuracy": next(figures)})
    folder = pipeline.run_train()
    assert Checkpoint.load(folder / LAST).pipeline == {"best": 7.0, "since_best": 1}
    assert Checkpoint.load(folder / BEST).pipeline == {"best": 7.0, "since_best": 0}


def test_both_learning_rates_follow_the_schedule(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"optimizer": {"name": "AdamW", "lr": 0.01}, "schedule": {"name": "step", "decay_epochs": 1}}
    pipeline, rates = build(epochs=3, encoder_lr=0.002, **options), []
    before_epoch = pipeline.before_epoch

    def noting(progress: Progress) -> None:
        rates.append([group["lr"] for group in pipeline.optimizer.param_groups])
        before_epoch(progress)

    monkeypatch.setattr(pipeline, "before_epoch", noting)
    pipeline.run_train()
    assert np.allclose(rates, [[0.01 * factor, 0.002 * factor] for factor in (1, 0.7, 0.49)])


def test_bfloat16_trains_with_finite_losses_and_float32_weights(build: Build) -> None:
    folder = build("PartSegmenter", epochs=1, precision="bf16-mixed").run_train()
    assert all(np.isfinite(column).all() for column in read_metrics(folder).values())
    assert {value.dtype for value in Checkpoint.load(folder).weights.values()} == {torch.float32, torch.int64}


def test_a_gradient_that_is_not_finite_stops_the_training(build: Build) -> None:
    pipeline = build()
    next(pipeline.model.parameters()).register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(ConcluError, match="step 1: the gradient of encoder"):
        pipeline.run_train()
    assert all(value.isfinite().all() for value in state(pipeline).values())


def test_parts_of_a_split_that_has_none_are_refused(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = build("PartSegmenter", class_weights="balanced")
    split = pipeline.dataset.get_split("train")
    without_parts = PointCloudSplit(split.pos, split.y, split.names, split.classes)
    monkeypatch.setattr(pipeline.dataset, "get_split", lambda name, up_axis=None: without_parts)
    with pytest.raises(DataError, match="needs a split with part labels"):
        pipeline.run_train()


@pytest.mark.parametrize(
    ("options", "clouds", "encoder"),
    [
        ({}, CloudSet("train", 48, 48), EncoderTreatment()),
        (
            {"label_per_class": 2, "validation": 0.5},
            CloudSet("train", 20, 48, per_class=2),
            EncoderTreatment(),
        ),
        ({"encoder_lr": 0.0}, CloudSet("train", 48, 48), EncoderTreatment(frozen=True)),
        ({"encoder_lr": 1e-4}, CloudSet("train", 48, 48), EncoderTreatment(lr=1e-4, head_lr=1e-3)),
    ],
)
def test_the_checkpoint_has_the_clouds_and_the_treatment_of_the_encoder(
    options: dict[str, Any], clouds: CloudSet, encoder: EncoderTreatment, build: Build
) -> None:
    checkpoint = Checkpoint.load(build(epochs=1, **options).run_train())
    assert checkpoint.trained_on == LabelledTraining(clouds, encoder)
    held_out = CloudSet("train", 20, 48, per_class=2, held_out=0.5)
    assert checkpoint.chosen_on == (held_out if "validation" in options else None)


def test_clouds_are_rotated_to_the_up_axis_of_the_encoder(build: Build, tiny_run: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.load(tiny_run)
    checkpoint.up_axis = 1
    checkpoint.save(tmp_path / "y_up.safetensors")
    pipeline = build(checkpoint=tmp_path / "y_up.safetensors")
    turned, straight = pipeline.training_split()[0].pos, build().training_split()[0].pos
    assert torch.equal(turned[:, 1], straight[:, 2]) and pipeline.up_axis == 1
    checkpoint = Checkpoint.load(pipeline.run_train())
    assert checkpoint.up_axis == 1
    assert checkpoint.trained_on is not None and checkpoint.trained_on.up_axis_change == ("z", "y")


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
    ("argument", "value"),
    [
        ("encoder_lr", -1.0),
        ("label_smoothing", 1.0),
        ("label_fraction", 0.0),
        ("label_fraction", 10.0),
        ("label_fraction", float("nan")),
        ("label_per_class", 0),
        ("validation", 1.0),
        ("patience", -1),
        ("epochs", 0),
    ],
)
def test_numbers_out_of_bounds_are_refused(argument: str, value: float, build: Build) -> None:
    with pytest.raises(ConfigError) as error:
        build(**{argument: value})
    assert_error(error, argument=argument, got=value)


def test_the_learning_rate_is_an_argument_of_the_optimizer(build: Build) -> None:
    with pytest.raises(ConfigError) as error:
        build(optimizer={"name": "AdamW", "lr": 0.0})
    assert_error(error, argument="lr", got=0.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_fraction": 0.5, "label_per_class": 2}, "exclude each other; give one of them"),
        ({"validation": "test"}, "would select the epoch on clouds that are evaluated on later; give a fraction"),
        ({"validation": "train"}, "would select the epoch on clouds that are trained on; give a fraction"),
        (
            {"validation": "val", "train_on": "trainval"},
            "=val, a split, needs pipeline.train_on=train, got trainval",
        ),
        ({"train_on": "test"}, "pipeline.train_on=test would train on the clouds that are evaluated;"),
        ({"patience": 3}, "pipeline.patience=3 needs validation clouds to stop by"),
    ],
)
def test_contradicting_options_are_refused(options: dict[str, Any], message: str, build: Build) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_per_class": 4}, "cannot draw 4 labels of each class"),
        ({"train_on": "all"}, "has no split 'all'; it has train, test"),
        ({"validation": "val"}, "has no split 'val'"),
        ({"label_per_class": 1, "validation": 0.1}, "cannot hold out validation clouds from the 20 training clouds"),
    ],
)
def test_missing_clouds_are_refused(options: dict[str, Any], message: str, build: Build) -> None:
    with pytest.raises(DataError, match=message):
        build(**options).run_train()


def test_models_of_the_other_pipeline_are_refused(tiny_config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"ConClu is a self-supervised method of METHODS; give pipeline.name=Pre"):
        check({**tiny_config, "pipeline": {"name": "Finetuning"}}, "it")
    model = {"name": "Classifier", "encoder": tiny_config["model"]["encoder"]}
    with pytest.raises(ConfigError, match=r"Classifier is a supervised model of TASKS; give pipeline.name=Finetuning"):
        check({**tiny_config, "model": model}, "it")


def test_a_share_in_percent_is_refused_with_the_fraction(build: Build) -> None:
    with pytest.raises(ConfigError) as error:
        build(label_fraction=10)
    issue = assert_error(error, argument="label_fraction", got=10)
    assert issue.hint == "Give 0.1 for 10 percent."
