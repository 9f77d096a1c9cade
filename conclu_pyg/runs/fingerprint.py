"""A short name for all that makes a trained encoder but its seed: equal settings are repetitions of one experiment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# What a repetition of an experiment, or the same on another machine, may change.
NOT_OF_TRAINING = ("seed", "run_dir", "log_dir", "device", "num_workers", "keep_every")
NOT_OF_DATA = ("dataset_path", "download", "cache_dir")


def config_fingerprint(config: Mapping[str, Any], dataset: str, pretraining: str = "") -> str:
    """The setting of a training.

    Args:
        config: the resolved config.
        dataset: the name of the data set, as results call it.
        pretraining: the setting of the run that the encoder's weights came from; empty for random ones.
    """
    model = dict(config.get("model") or {})
    if pretraining and isinstance(
        model.get("encoder"), Mapping
    ):  # where that run lies does not matter, what it is does
        model["encoder"] = {**model["encoder"], "checkpoint": pretraining}
    pipeline = {key: value for key, value in (config.get("pipeline") or {}).items() if key not in NOT_OF_TRAINING}
    data = {key: value for key, value in (config.get("dataset") or {}).items() if key not in NOT_OF_DATA}
    return digest([model, pipeline, data, dataset])


def digest(value: Any) -> str:
    """Six digits that stand for plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:6]
