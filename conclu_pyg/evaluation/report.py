"""Evaluation of a run: probes of its encoder, shown with their protocol and kept as records."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from rich.table import Table
from sklearn.model_selection import StratifiedShuffleSplit

from conclu_pyg.config import resolve
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.engine.checkpoint import Checkpoint, find, load_weights, run_folder
from conclu_pyg.engine.progress import console
from conclu_pyg.engine.records import RESULTS_NAME, Record, append_records, command_line, read_records
from conclu_pyg.engine.seeding import seed_all
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.evaluation.features import apply_frozen, embed
from conclu_pyg.evaluation.linear_svm import FOLDS, linear_svm
from conclu_pyg.pipelines.pretraining import CURVES_NAME
from conclu_pyg.registry import DATASETS, METHODS
from conclu_pyg.vis.gallery import plot_clusters

CLUSTERS_NAME = "clusters.png"
VALIDATION_SHARE = 0.2
On = Literal["test", "validation"]


def evaluate_run(
    path: str, overrides: Sequence[str] = (), *, with_random: bool = False, on: On = "test"
) -> list[Record]:
    """Trains a linear SVM on the frozen encoder of a run, prints what it reached, and appends it to the run's records.

    Args:
        path: a run folder (its last checkpoint) or a checkpoint.
        overrides: ``dataset.key=value``, for another data set than that of the pre-training.
        with_random: also probes the encoder as ``pipeline.seed`` initialises it, before any training.
        on: the test split, or a fifth of the training split that the SVM is not trained on.

    Raises:
        ConcluError: a checkpoint, data set or override that cannot be used.
    """
    for override in overrides:
        if not override.startswith("dataset."):
            raise ConfigError(
                f"an evaluation takes overrides of the data set, such as dataset.dataset_path=..., found {override!r}."
            )
    source = find(path)
    folder = run_folder(source)
    if (folder / RESULTS_NAME).exists():
        read_records(folder / RESULTS_NAME)  # damaged ones are known before the work, not after it
    checkpoint = Checkpoint.load(source)
    config = resolve(checkpoint.config, overrides, f"the config in {source}")
    seed = config["pipeline"].get("seed", 0)
    seed_all(seed)  # as before the training, so that the random encoder is the one that it began with
    method = METHODS.build(config["model"])
    dataset = DATASETS.build(config["dataset"])
    train, held_out = _splits(dataset, on, seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    records = []
    for initialisation in ("random", checkpoint.dataset) if with_random else (checkpoint.dataset,):
        trained = initialisation != "random"
        if trained:
            load_weights(method, checkpoint.method, str(source))
        began = time.perf_counter()
        result = linear_svm(
            embed(method.encoder, train, device), embed(method.encoder, held_out, device), len(train.classes), seed
        )
        record = Record(
            task="svm",
            dataset=dataset.name,
            encoder=config["model"]["encoder"]["name"],
            method=config["model"]["name"],
            initialisation=initialisation,
            metric="accuracy",
            value=round(result.accuracy, 2),
            seed=seed,
            epochs=checkpoint.epoch if trained else 0,
            protocol=_protocol(train, held_out, on),
            command=command_line(),
            seconds=round(time.perf_counter() - began, 1),
            training={"command": checkpoint.command, "seconds": round(checkpoint.seconds)} if trained else {},
            details={
                "terms": list(getattr(method, "weights", {})),
                "num_points": train.pos.shape[1],
                "c": result.c,
                "cross_validation": round(result.cross_validation, 2),
                "per_class": {
                    name: None if math.isnan(value) else round(value, 1)
                    for name, value in zip(train.classes, result.per_class, strict=True)
                },
            },
        )
        records.append(record)
        console.print(f"{_title(record)}: {result.accuracy:.1f} %")
    _show(records)
    append_records(folder / RESULTS_NAME, records)
    if "cluster" in getattr(method, "weights", {}):
        log_gamma = apply_frozen(method, method.assign, held_out, device, batch_size=64)
        plot_clusters(held_out, log_gamma, dataset.vertical_axis, folder / CLUSTERS_NAME)
    _paths(folder, source)
    return records


def _splits(dataset: PointCloudDataset, on: On, seed: int) -> tuple[PointCloudSplit, PointCloudSplit]:
    """What the SVM is trained on, and what is held out."""
    train = dataset.get_split("train")
    if on == "test":
        return train, dataset.get_split("test")
    shares = StratifiedShuffleSplit(n_splits=1, test_size=VALIDATION_SHARE, random_state=seed)
    try:
        seen, held_out = next(shares.split(train.y, train.y))
    except ValueError as error:
        raise DataError(
            f"a validation part cannot be taken from the training split of {dataset.name}: {error}"
        ) from error
    return train.subset(seen), train.subset(held_out)


def _protocol(train: PointCloudSplit, held_out: PointCloudSplit, on: On) -> str:
    part = "test split" if on == "test" else f"{VALIDATION_SHARE:.0%} of the training split, held out"
    return (
        f"linear SVM on the pooled features of the frozen encoder of the last epoch, {train.pos.shape[1]:,} points of "
        f"each clean cloud; trained on {len(train):,} training clouds, C by {FOLDS}-fold cross-validation there; "
        f"measured on {len(held_out):,} clouds ({part})"
    )


def _title(record: Record) -> str:
    encoder = "randomly initialised" if not record.training else f"pre-trained on {record.initialisation}"
    return f"linear SVM on {record.dataset}, {record.encoder} {encoder}"


def _show(records: Sequence[Record]) -> None:
    """Prints the accuracy of each class and the protocol."""
    table = Table(title="accuracy in percent")
    table.add_column("class")
    for record in records:
        table.add_column("random" if not record.training else "pre-trained", justify="right")
    for name in records[0].details["per_class"]:
        values = [record.details["per_class"][name] for record in records]
        table.add_row(name, *("-" if value is None else f"{value:.1f}" for value in values))
    table.add_section()
    table.add_row("all clouds", *(f"{record.value:.1f}" for record in records), style="bold")
    console.print(table)
    console.print(f"protocol: {records[-1].protocol}")


def _paths(folder: Path, checkpoint: Path) -> None:
    """Prints where the run's files are."""
    files = {
        "curves": folder / CURVES_NAME,
        "clusters": folder / CLUSTERS_NAME,
        "results": folder / RESULTS_NAME,
        "checkpoint": checkpoint,
    }
    for name, path in files.items():
        if path.exists():
            console.print(f"{name}: {path}")
