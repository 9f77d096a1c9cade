"""Evaluation of a run that was trained on labels: its own task, on the test split."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from rich.table import Table

from conclu_pyg.arguments import resolved_arguments
from conclu_pyg.cli.terminal import console
from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConfigError
from conclu_pyg.evaluation.changes import under_changes
from conclu_pyg.evaluation.probe import make_record
from conclu_pyg.evaluation.report import picture_name, show_changes, show_files
from conclu_pyg.metrics import Scores
from conclu_pyg.registry import PIPELINES
from conclu_pyg.runs.folder import CURVES_NAME
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import RESULTS_NAME, Record, append_records
from conclu_pyg.tasks.predict import VOTE_VIEWS, Predictions, Voting, predict_split
from conclu_pyg.transforms import compose
from conclu_pyg.vis.confusion import plot_confusion
from conclu_pyg.vis.robustness import plot_robustness

logger = logging.getLogger(__name__)


def evaluate_task(run: LoadedRun, votes: int = 1, robustness: bool = False) -> list[Record]:
    """Measures a model of a labelled task on the test split, prints what it reached, and appends it to the run's
    records: each figure as soon as it is there, before what is drawn of it and what takes longer.

    Args:
        run: whose method is such a model.
        votes: how many copies of each cloud vote: the cloud itself, and copies with another scale of each axis. What
            the vote gives is reported beside what the cloud alone gives (default: 1, no vote).
        robustness: also measures changed clouds (:mod:`~conclu_pyg.evaluation.changes`), without votes (default: no).

    Raises:
        ConfigError: fewer than one vote.
        DataError: a data set whose labels are not those of the training.
    """
    if votes < 1:
        raise ConfigError(f"--votes must be at least 1, found {votes}.")
    run.check_labels()
    model, split, results = run.method, run.split("test"), run.folder / RESULTS_NAME
    records: list[Record] = []
    confusion, changes = (run.folder / picture_name(what, run) for what in ("confusion", "robustness"))
    for number in dict.fromkeys((1, votes)):
        began = time.perf_counter()
        voting = Voting(number, compose(VOTE_VIEWS, up_axis=run.up_axis), run.seed)
        predicted = predict_split(model, split, run.device, voting)
        scores = _scores(model, predicted, split)
        voted = f", {number} votes over copies of other scales" if number > 1 else ""
        found = _records(run, split, scores, number, voted, time.perf_counter() - began)
        append_records(results, found)
        records += found
        _show(run, scores, number)
        if number == 1:
            plot_confusion(scores.confusion, model.label_names, confusion)
    if robustness:
        changed = _changed_record(run, split, records)
        append_records(results, [changed])
        records.append(changed)
        show_changes([changed])
        plot_robustness([changed], changes)
    for protocol in dict.fromkeys(record.protocol for record in records):
        logger.info(f"protocol: {protocol}")
    curves = run.folder / CURVES_NAME
    show_files(curves=curves, confusion=confusion, robustness=changes, results=results, checkpoint=run.source)
    return records


def _scores(model: Any, predicted: Predictions, split: PointCloudSplit) -> Scores:
    return model.scores(predicted.labels, predicted.targets, torch.from_numpy(split.y).long())


def _records(
    run: LoadedRun, split: PointCloudSplit, scores: Scores, votes: int, voted: str, seconds: float
) -> list[Record]:
    """One for each metric; what lies beneath them stands in the record of the model's own."""
    beneath = {run.method.metric: {"per_class": _per_class(scores)}}
    return [
        _record(run, split, metric, value, voted, seconds, {"votes": votes, **beneath.get(metric, {})})
        for metric, value in scores.values.items()
    ]


def _changed_record(run: LoadedRun, split: PointCloudSplit, records: Sequence[Record]) -> Record:
    """The mean of the model's own metric over changed clouds, beside its clean value, which is in the records."""
    began, model = time.perf_counter(), run.method
    (clean,) = (record.value for record in records if record.metric == model.metric and record.details["votes"] == 1)

    def value_of(changed: PointCloudSplit) -> float:
        return _scores(model, predict_split(model, changed, run.device), changed).values[model.metric]

    found = under_changes(run, split, model.metric, clean, value_of)
    metric, seconds = f"mean {model.metric} under changes", time.perf_counter() - began
    return _record(run, split, metric, found.mean, f", {found.protocol}", seconds, {"votes": 1, **found.details})


def _record(
    run: LoadedRun,
    split: PointCloudSplit,
    metric: str,
    value: float,
    treated: str,
    seconds: float,
    details: Mapping[str, Any],
) -> Record:
    """A record of a figure; ``treated`` says at the end of the protocol how the clouds were."""
    checkpoint, num_points = run.checkpoint, split.pos.shape[1]
    known = ", its category known" if run.method.requires_category else ""
    named = PIPELINES.parse(checkpoint.config["pipeline"])
    pipeline = resolved_arguments(named.cls, named.arguments)
    return make_record(
        run,
        task=run.method.task,
        metric=metric,
        value=value,
        protocol=(
            f"{run.config['model']['name']} trained on {checkpoint.trained_on or 'labelled clouds'}; "
            f"measured on {len(split):,} clouds (test split), {num_points:,} points of each{known}{treated}"
        ),
        seconds=seconds,
        details={
            "on": "test",
            "labels": _labels(pipeline),
            "frozen": pipeline.get("encoder_lr") == 0,
            "num_points": num_points,
            "epoch": checkpoint.epoch,
            **details,
        },
    )


def _labels(pipeline: Mapping[str, Any]) -> dict[str, float]:
    """How many of the labels the run learnt from: of each class, or as a fraction of the clouds."""
    if pipeline.get("label_per_class") is not None:
        return {"per_class": pipeline["label_per_class"]}
    return {"fraction": pipeline.get("label_fraction", 1.0)}


def _per_class(scores: Scores) -> dict[str, float | None]:
    """The first figure of each class, null for a class that was not measured."""
    firsts = {name: next(iter(row.values())) for name, row in scores.per_class.items()}
    return {name: None if math.isnan(value) else round(value, 1) for name, value in firsts.items()}


def _show(run: LoadedRun, scores: Scores, votes: int) -> None:
    columns = list(next(iter(scores.per_class.values())))
    table = Table("class", *columns, title="in percent" + (f", {votes} votes" if votes > 1 else ""))
    for name, row in scores.per_class.items():
        table.add_row(name, *map(_cell, row.values()))
    console.print(table)
    title = run.method.task.replace("_", " ") + (f", {votes} votes," if votes > 1 else "")
    start = "random weights" if run.initialisation == "random" else f"an encoder pre-trained on {run.initialisation}"
    figures = ", ".join(f"{name} {value:.1f} %" for name, value in scores.values.items())
    logger.info(f"{title} on {run.dataset.name}, {run.config['model']['encoder']['name']} from {start}: {figures}")


def _cell(value: float) -> str:
    """A share with a decimal, a count without."""
    return "-" if math.isnan(value) else f"{value:,}" if isinstance(value, int) else f"{value:.1f}"
