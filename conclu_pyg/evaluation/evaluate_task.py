"""Evaluation of a supervised model at its own task, on the test split."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import torch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import CheckpointError, ConfigError
from conclu_pyg.evaluation.corruptions import measure_corruptions
from conclu_pyg.evaluation.probe import Result
from conclu_pyg.evaluation.record import Measurement, make_record, measured_weights
from conclu_pyg.metrics import Scores
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.protocol import Protocol
from conclu_pyg.runs.provenance import CloudSet
from conclu_pyg.runs.records import Record
from conclu_pyg.tasks.predict import VOTE_VIEWS, Voting, predict_split
from conclu_pyg.transforms import compose


def check_task(run: LoadedRun, votes: int) -> None:
    """Checks the options and the data set of an evaluation.

    Raises:
        ConfigError: ``votes`` is below 1.
        CheckpointError: the pipeline that trained the run did not record its labelled clouds.
        DataError: the labels of the data set differ from those of the training.
    """
    if votes < 1:
        raise ConfigError(f"votes must be at least 1, got {votes}.", argument="votes", got=votes)
    if run.checkpoint.trained_on is None:
        raise CheckpointError(
            f"{run.source} does not say which labelled clouds it was trained on; set trained_on in the pipeline.",
            file=run.source,
        )
    run.check_labels()


def measure_task(run: LoadedRun, votes: int = 1, robustness: bool = False) -> Iterator[Measurement]:
    """Measures a supervised model on the test split.

    Args:
        run: a run that was trained with labels.
        votes: copies of each cloud whose predictions are averaged: the cloud itself, and copies with another scale of
            each axis. The values without votes are measured too (default: 1).
        robustness: also measures corrupted clouds, without votes (default: no).
    """
    model, split = run.method, run.split("test")
    clean = math.nan
    for number in dict.fromkeys((1, votes)):
        began = time.perf_counter()
        scores = _scores(run, split, Voting(number, compose(VOTE_VIEWS, up_axis=run.up_axis), run.seed))
        clean = scores.values[model.metric] if number == 1 else clean
        results = [Result(name, value, _details(run, scores, name)) for name, value in scores.values.items()]
        seconds = time.perf_counter() - began
        yield Measurement(model.task, [_record(run, split, result, seconds, number) for result in results], scores)
    if robustness:
        began = time.perf_counter()

        def value_of(corrupted: PointCloudSplit) -> float:
            return _scores(run, corrupted).values[model.metric]

        result = measure_corruptions(run, split, model.metric, clean, value_of)
        yield Measurement(model.task, [_record(run, split, result, time.perf_counter() - began)])


def _scores(run: LoadedRun, split: PointCloudSplit, voting: Voting | None = None) -> Scores:
    predicted = predict_split(run.method, split, run.device, voting)
    return run.method.scores(predicted.labels, predicted.targets, torch.from_numpy(split.y).long())


def _record(run: LoadedRun, split: PointCloudSplit, result: Result, seconds: float, votes: int = 1) -> Record:
    checkpoint = run.checkpoint
    trained = checkpoint.trained_on
    assert trained is not None  # see check_task
    protocol = Protocol(
        weights=measured_weights(run),
        train=trained.clouds,
        test=CloudSet("test", len(split), len(split)),
        num_points=split.pos.shape[1],
        model=run.config["model"]["name"],
        encoder=trained.encoder,
        up_axis_change=trained.up_axis_change,
        category_known=run.method.requires_category,
        votes=votes,
        **result.protocol,
    )
    return make_record(run, run.method.task, protocol, result, seconds)


def _details(run: LoadedRun, scores: Scores, metric: str) -> dict[str, Any]:
    """Returns the details of a metric: the best epoch, if it is measured, and, for the model's main metric, the value
    of each class."""
    details: dict[str, Any] = {"epoch": run.checkpoint.epoch} if measured_weights(run).kind == "best" else {}
    if metric == run.method.metric:
        firsts = {name: next(iter(row.values())) for name, row in scores.per_class.items()}
        per_class = {name: None if math.isnan(value) else round(value, 1) for name, value in firsts.items()}
        details["per_class"] = per_class
    return details
