"""Training in stages: each stage is a complete run in a folder of its own within the run folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conclu_pyg.files import atomic_write
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.runs.folder import STAGES_NAME, make_run_folder, name_prefix
from conclu_pyg.stage_configs import resolve_checkpoints, split_stages

logger = logging.getLogger(__name__)


def train(config: Mapping[str, Any], source: str) -> Path:
    """Train what a config describes, in stages if it has any, and return the run folder.

    Args:
        config: the resolved config.
        source: the name of the config in messages.

    Raises:
        ConcluError: as the pipelines raise it.
    """
    if "stages" in config:
        return _train_stages(config, source)
    folder: Path = build_pipeline(config, source).run_train()
    return folder


def _train_stages(config: Mapping[str, Any], source: str) -> Path:
    stages = split_stages(config, source)
    first = next(iter(stages.values()))
    pipeline = first["pipeline"]
    folder = make_run_folder(config, str(pipeline.get("log_dir", "runs")), pipeline.get("run_dir"), name_prefix(first))
    with atomic_write(folder / STAGES_NAME) as file:
        file.write("".join(f"{name}\n" for name in stages).encode())
    done: dict[str, str] = {}
    for name, stage in stages.items():
        logger.info(f"stage {name} ({len(done) + 1} of {len(stages)})")
        own = resolve_checkpoints(stage, done)
        own["pipeline"]["run_dir"] = str(folder / name)
        done[name] = str(train(own, f"{source}, stage {name}"))
    return folder
