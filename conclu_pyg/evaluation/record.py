"""Records of what an evaluation measured."""

from __future__ import annotations

from typing import NamedTuple

from conclu_pyg.evaluation.probe import ProbeSplits, Result
from conclu_pyg.methods.base import as_method
from conclu_pyg.metrics import Scores
from conclu_pyg.runs.fingerprint import config_fingerprint, digest
from conclu_pyg.runs.folder import BEST
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.protocol import Protocol, Weights
from conclu_pyg.runs.records import Record, Training, command_line
from conclu_pyg.tasks.base import Task


class Measurement(NamedTuple):
    """Records that belong together.

    Attributes:
        title: title of the probe, or the task of the model.
        records: one for each metric.
        scores: scores of a supervised model in detail; ``None`` for probes and for corrupted clouds.
    """

    title: str
    records: list[Record]
    scores: Scores | None = None


def probe_record(run: LoadedRun, task: str, splits: ProbeSplits, result: Result, seconds: float) -> Record:
    """Returns the record of a probe's result.

    Args:
        run: the run whose encoder was measured.
        task: name of the probe.
        splits: clouds of the probe.
        result: what it measured.
        seconds: duration.
    """
    protocol = Protocol(
        weights=measured_weights(run),
        train=splits.train_clouds,
        test=splits.test_clouds,
        num_points=splits.train.pos.shape[1],
        **result.protocol,
    )
    return make_record(run, task, protocol, result, seconds)


def make_record(run: LoadedRun, task: str, protocol: Protocol, result: Result, seconds: float) -> Record:
    """Returns the record of a result. For a supervised model, method and epochs are those of its encoder's
    pre-training."""
    checkpoint, model = run.checkpoint, run.config["model"]
    origin = checkpoint.pretraining if run.trained else None
    if isinstance(run.method, Task):
        method, epochs = ("", 0) if origin is None else (origin.method, origin.epochs)
    else:
        method, epochs = model["name"], checkpoint.epoch if run.trained else 0
    return Record(
        task=task,
        dataset=run.dataset.name,
        encoder=(model.get("encoder") or {}).get("name", ""),
        method=method,
        initialisation=run.initialisation,
        metric=result.metric,
        value=round(result.value, 2),
        seed=run.seed,
        epochs=epochs,
        protocol=protocol,
        command=command_line(),
        seconds=round(seconds, 1),
        fingerprint=run_fingerprint(run),
        losses=tuple(as_method(run.method).loss_names()),
        pretraining=origin,
        training=Training(checkpoint.command, round(checkpoint.seconds)) if run.trained else None,
        details=dict(result.details),
    )


def measured_weights(run: LoadedRun) -> Weights:
    """Returns which weights of the run are measured."""
    checkpoint = run.checkpoint
    if not run.trained:
        return Weights("random")
    if run.source.name == BEST.name:
        return Weights("best", selected_on=checkpoint.chosen_on)
    planned = checkpoint.config["pipeline"].get("epochs")
    return Weights("last", checkpoint.epoch, planned, extra_batches=checkpoint.batch)


def run_fingerprint(run: LoadedRun) -> str:
    """Returns the fingerprint of the run's training, or of its encoder's config if its initial weights are measured."""
    checkpoint = run.checkpoint
    if not run.trained:
        return digest(run.config["model"].get("encoder"))
    before = "" if checkpoint.pretraining is None else checkpoint.pretraining.fingerprint
    return config_fingerprint(checkpoint.config, checkpoint.dataset, before)
