"""Evaluation of a run: probes of its encoder, shown with their protocol and kept as records."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.table import Table
from sklearn.model_selection import StratifiedShuffleSplit
from torch_geometric.transforms import Compose

from conclu_pyg.config import resolve
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.engine.checkpoint import Checkpoint, find, load_weights, run_folder
from conclu_pyg.engine.device import choose_device
from conclu_pyg.engine.progress import console
from conclu_pyg.engine.records import RESULTS_NAME, Record, append_records, command_line, read_records
from conclu_pyg.engine.seeding import seed_all
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.evaluation.features import apply_frozen, embed
from conclu_pyg.evaluation.linear_svm import FOLDS, linear_svm
from conclu_pyg.pipelines.pretraining import CURVES_NAME
from conclu_pyg.registry import DATASETS, METHODS
from conclu_pyg.transforms.turn_upright import TurnUpright
from conclu_pyg.vis.gallery import plot_clusters

CLUSTERS_NAME = "clusters.png"
VALIDATION_SHARE = 0.2
NOT_A_SETTING = ("seed", "run_dir", "log_dir", "device", "num_workers", "keep_every")
On = Literal["test", "validation"]


def evaluate_run(
    path: str, overrides: Sequence[str] = (), *, with_random: bool = False, on: On = "test"
) -> list[Record]:
    """Trains a linear SVM on the frozen encoder of a run, prints what it reached, and appends it to the run's records.

    Args:
        path: a run folder (its last checkpoint) or a checkpoint.
        overrides: ``dataset.key=value``, for another data set than that of the pre-training; ``pipeline.device=...``;
            ``imports=[...]``, where the modules of the training lie elsewhere here.
        with_random: also probes the encoder as ``pipeline.seed`` initialises it, before any training.
        on: the test split, or a fifth of the training split that the SVM is not trained on.

    Raises:
        ConcluError: a checkpoint, data set or override that cannot be used.
    """
    for override in overrides:
        if not override.startswith(("dataset.", "pipeline.device=", "imports=")):
            raise ConfigError(
                "an evaluation takes overrides of the data set, such as dataset.dataset_path=..., of pipeline.device "
                f"and of imports, found {override!r}."
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
    train, held_out = (_upright(split, dataset, checkpoint) for split in _splits(dataset, on, seed))
    device = choose_device(config["pipeline"].get("device", "auto"))

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
            encoder=config["model"].get("encoder", {}).get("name", ""),
            method=config["model"]["name"],
            initialisation=initialisation,
            metric="accuracy",
            value=round(result.accuracy, 2),
            seed=seed,
            epochs=checkpoint.epoch if trained else 0,
            protocol=f"{_weights(checkpoint, trained)}: {_protocol(train, held_out, on)}",
            command=command_line(),
            seconds=round(time.perf_counter() - began, 1),
            training={"command": checkpoint.command, "seconds": round(checkpoint.seconds)} if trained else {},
            details={
                "setting": _setting(config["model"], checkpoint, trained),
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


def _upright(split: PointCloudSplit, dataset: PointCloudDataset, checkpoint: Checkpoint) -> PointCloudSplit:
    """The split, with its clouds turned as those of the training where another coordinate points up in them."""
    if checkpoint.vertical_axis in (None, dataset.vertical_axis):
        return split
    turn = TurnUpright(dataset.vertical_axis, checkpoint.vertical_axis)
    turned = split.subset(np.arange(len(split)))
    turned.transform = Compose([turn] if split.transform is None else [split.transform, turn])
    return turned


def _weights(checkpoint: Checkpoint, trained: bool) -> str:
    """Which weights were measured."""
    if not trained:
        return "random weights"
    epochs = checkpoint.config["pipeline"].get("epochs")
    within = f", interrupted {checkpoint.batch} batches later" if checkpoint.batch else ""
    return f"weights after epoch {checkpoint.epoch} of {epochs}{within}"


def _setting(model: Mapping[str, Any], checkpoint: Checkpoint, trained: bool) -> str:
    """A short name for all that makes an encoder but its seed: equal settings are repetitions of one experiment."""
    if trained:
        pipeline = {key: value for key, value in checkpoint.config["pipeline"].items() if key not in NOT_A_SETTING}
        made_by: Any = [model, pipeline, checkpoint.dataset]
    else:
        made_by = model.get("encoder")
    return hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()[:6]


def _protocol(train: PointCloudSplit, held_out: PointCloudSplit, on: On) -> str:
    part = "test split" if on == "test" else f"{VALIDATION_SHARE:.0%} of the training split, held out"
    return (
        f"linear SVM on the pooled features of the frozen encoder, {train.pos.shape[1]:,} points of each clean cloud; "
        f"trained on {len(train):,} training clouds, C by {FOLDS}-fold cross-validation there; "
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
    for record in records:
        console.print(f"protocol: {record.protocol}")


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
