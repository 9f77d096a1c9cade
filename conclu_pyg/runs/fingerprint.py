"""Fingerprints: short names for everything that determines a trained encoder except the seed.

Results with equal fingerprints are repetitions of one experiment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# Options that may differ between repetitions of an experiment, or between machines.
NOT_OF_TRAINING = ("seed", "run_dir", "log_dir", "device", "num_workers", "keep_every", "report", "loggers")
NOT_OF_DATA = ("dataset_path", "download", "cache_dir")


def config_fingerprint(config: Mapping[str, Any], dataset: str, pretraining: str = "") -> str:
    """Returns the fingerprint of a training.

    Args:
        config: the resolved config.
        dataset: name of the data set in results.
        pretraining: fingerprint of the run that the encoder's weights come from; empty for random ones.
    """
    model = dict(config.get("model") or {})
    if pretraining and isinstance(model.get("encoder"), Mapping):
        # The fingerprint of that run replaces its path, which may change.
        model["encoder"] = {**model["encoder"], "checkpoint": pretraining}
    pipeline = {key: value for key, value in (config.get("pipeline") or {}).items() if key not in NOT_OF_TRAINING}
    data = {key: value for key, value in (config.get("dataset") or {}).items() if key not in NOT_OF_DATA}
    return digest([model, pipeline, data, dataset])


def digest(value: Any) -> str:
    """Returns six hexadecimal digits that identify plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:6]
