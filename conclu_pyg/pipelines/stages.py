"""Training in stages: each stage is a complete run in a folder of its own within the run folder."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from conclu_pyg.config_files import read_config
from conclu_pyg.files import atomic_write
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.launch import launch
from conclu_pyg.pipelines.resume import AUTO, check_config, find_run
from conclu_pyg.processes import on_first
from conclu_pyg.runs.folder import CONFIG_NAME, STAGES_NAME, check_run_dir, make_run_folder, name_prefix, write_config
from conclu_pyg.stage_configs import resolve_checkpoints, split_stages

logger = logging.getLogger(__name__)


def train(config: Mapping[str, Any], source: str, resume: str | Path | None = None) -> Path:
    """Train what a config describes, in stages if it has any, and return the run folder.

    Args:
        config: the resolved config.
        source: the name of the config in messages.
        resume: the folder of a run of the same config, to train on from its newest checkpoint; ``auto`` for
            ``pipeline.run_dir``, or else the newest such folder in ``pipeline.log_dir``, or a new run if there is none
            (default: a new run).

    Raises:
        ConcluError: as the pipelines raise it.
    """
    launch(config)
    folder = on_first(lambda: find_run(config)) if resume == AUTO else None if resume is None else Path(resume)
    if "stages" in config:
        return _train_stages(config, source, folder)
    if folder is None:
        on_first(lambda: check_run_dir(config["pipeline"].get("run_dir")))  # a data set may read files as it is built
    trained: Path = build_pipeline(config, source).run_train(folder)
    return trained


def _train_stages(config: Mapping[str, Any], source: str, resume: Path | None) -> Path:
    stages = split_stages(config, source)
    if resume is None:
        first = next(iter(stages.values()))
        pipeline = first["pipeline"]
        log_dir, run_dir = str(pipeline.get("log_dir", "runs")), pipeline.get("run_dir")
        folder = on_first(lambda: make_run_folder(config, log_dir, run_dir, name_prefix(first)))
    else:
        folder = resume
        check_config(read_config(folder / CONFIG_NAME), config, folder)
    on_first(lambda: _write_stages(folder, config, stages))
    done: dict[str, str] = {}
    for name, stage in stages.items():
        logger.info(f"stage {name} ({len(done) + 1} of {len(stages)})")
        own = resolve_checkpoints(stage, done)
        own["pipeline"]["run_dir"] = str(folder / name)
        begun = on_first((folder / name / CONFIG_NAME).is_file)
        done[name] = str(train(own, f"{source}, stage {name}", folder / name if begun else None))
    return folder


def _write_stages(folder: Path, config: Mapping[str, Any], stages: Iterable[str]) -> None:
    write_config(folder, config)  # a resumed run may have more epochs
    with atomic_write(folder / STAGES_NAME) as file:  # it may have been killed before the list was written
        file.write("".join(f"{name}\n" for name in stages).encode())
