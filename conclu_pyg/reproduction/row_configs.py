"""Configs of the trainings of a row: the method's own config with the data, the encoder and the budget of the table."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conclu_pyg.arguments import parameters_of
from conclu_pyg.config import check, resolve, section_registries
from conclu_pyg.config_files import read_config
from conclu_pyg.errors import ConfigError
from conclu_pyg.registry import ENCODERS, METHODS, components_of
from conclu_pyg.reproduction.table import RANDOM, Budget, Row, Table
from conclu_pyg.shipped_configs import find_config
from conclu_pyg.stage_configs import split_stages
from conclu_pyg.suggestions import suggest

INITIAL = "conclu_pointnet"  # the config whose encoder a row with random weights has
DECAY_FRACTION = 0.1  # of a training, from one step of the learning rate to the next: 20 of the paper's 200 epochs
Config = dict[str, Any]


def pretraining_config(table: Table, row: Row, budget: Budget, epochs: int, seed: int) -> Config:
    """Return the config of a row's pre-training, which may have stages; for a row with random weights that of an
    encoder which is not trained.

    Args:
        table: with the data sets and encoders of the budget, see :meth:`~conclu_pyg.reproduction.table.Table.under`.
        row: pre-trained by a method, or random.
        budget: gives the sizes.
        epochs: of all stages together.
        seed: of the training.

    Raises:
        ConfigError: the config cannot be read, does not fit the table, or has another pipeline.
    """
    config = _read(row.config or INITIAL, row.overrides)
    if "stages" not in config:
        return _fitted(config, table, row, budget, {"epochs": epochs, "seed": seed})
    stages = split_stages(config, str(row.config))
    if unknown := [name for name in row.shares if name not in stages]:
        raise ConfigError(
            f"{row.label}: shares names no stage {unknown[0]!r}{suggest(unknown[0], stages)}", argument="shares"
        )
    own = stage_epochs(stages, row.shares, epochs)
    fitted = {
        name: _fitted(stage, table, row, budget, {"epochs": own[name], "seed": seed}) for name, stage in stages.items()
    }
    common = {key: config[key] for key in ("imports",) if key in config}
    return _checked({**common, "stages": fitted}, row)


def stage_epochs(stages: Sequence[str] | Mapping[str, Any], shares: Mapping[str, float], epochs: int) -> dict[str, int]:
    """Return the epochs of each stage, at least one.

    Args:
        stages: their names.
        shares: of the epochs, by stage (default: 1 for each).
        epochs: of all stages together; one for each if they are fewer than the stages.
    """
    total = sum(shares.get(name, 1.0) for name in stages)
    exact = {name: epochs * shares.get(name, 1.0) / total for name in stages}
    own = {name: max(1, int(part)) for name, part in exact.items()}
    while sum(own.values()) < epochs:  # those that are rounded down the most are rounded up
        own[max(own, key=lambda name: exact[name] - own[name])] += 1
    while sum(own.values()) > max(epochs, len(own)):  # at the cost of those that have more than their part
        own[min((name for name in own if own[name] > 1), key=lambda name: exact[name] - own[name])] -= 1
    return own


def supervised_config(table: Table, row: Row, budget: Budget, dataset: str, epochs: int, seed: int) -> Config:
    """Return the config of a training with labels.

    Args:
        table, budget, seed: as for :func:`pretraining_config`.
        row: its own config is taken if it is trained with labels, otherwise that of the table's ``finetuning``.
        dataset: name of the data set to train on.
        epochs: of the training.
    """
    name = row.config if row.training == "labels" else (table.finetuning or {})[row.encoder]
    config = _read(str(name), row.overrides if row.training == "labels" else ())
    config["dataset"] = copy.deepcopy(table.datasets[dataset])
    config["model"]["encoder"] = dict(table.encoders[row.encoder])
    pipeline = config["pipeline"]
    batch = budget.finetuning_batch_size or budget.batch_size
    pipeline |= {"epochs": epochs, "batch_size": batch, "seed": seed, "loggers": ["csv"], "report": False}
    pipeline["views"] = _with_points(pipeline.get("views"), budget.points)
    return _checked(config, row)


def _read(name: str, overrides: Sequence[str]) -> Config:
    path = find_config(name)
    return resolve(read_config(path), overrides, str(path), path.parent)


def _fitted(config: Config, table: Table, row: Row, budget: Budget, training: Mapping[str, Any]) -> Config:
    """Return the config of one training without labels, or stage of it, under a budget."""
    fitted: Config = copy.deepcopy(config)
    fitted["dataset"] = copy.deepcopy(table.datasets[table.pretrain_on])
    if section_registries(fitted)["model"] is not METHODS:
        raise ConfigError(
            f"{row.label}: expected the config of a self-supervised method, got {row.config}, which trains on labels; "
            "give the row training: labels.",
            argument="config",
            got=row.config,
        )
    model, pipeline = fitted["model"], fitted["pipeline"]
    method = METHODS.get(model["name"])
    for key, registry in {"encoder": ENCODERS, **components_of(method)}.items():
        if registry is ENCODERS and isinstance(model.get(key), Mapping):
            kept = {name: value for name, value in model[key].items() if name == "checkpoint"}
            model[key] = {**table.encoders[row.encoder], **kept}
    if budget.points is not None and "num_points" in parameters_of(method):
        model["num_points"] = budget.points
    if isinstance(pipeline.get("views"), list):
        views = pipeline["views"] if table.views is None else table.views
        pipeline["views"] = _with_points(views, budget.points)
    pipeline |= {"batch_size": budget.batch_size, "loggers": ["csv"], "report": False, **training}
    schedule = pipeline.get("schedule") or {"name": "step"}
    if schedule["name"] == "step":
        kept = {key: value for key, value in schedule.items() if key != "decay_epochs"}
        pipeline["schedule"] = {**kept, "decay_fraction": DECAY_FRACTION}
    return _checked(fitted, row)


def _with_points(views: Any, points: int | None) -> Any:
    """Return the steps with another number of points in ``FixedPoints``."""
    if not isinstance(views, list) or points is None:
        return copy.deepcopy(views)
    return [{**step, "num_points": points} if step["name"] == "FixedPoints" else dict(step) for step in views]


def _checked(config: Config, row: Row) -> Config:
    check(config, f"{row.label} ({Path(str(row.config or RANDOM)).name})")
    return config
