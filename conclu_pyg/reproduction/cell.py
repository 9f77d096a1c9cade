"""One cell of a table: a training of one seed, and its measurements. Its files decide what remains to be done."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from conclu_pyg.evaluation.evaluate import Evaluation
from conclu_pyg.files import locked, remove_abandoned
from conclu_pyg.methods.base import clusters_of
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.epoch_state import EpochState
from conclu_pyg.pipelines.resume import AUTO
from conclu_pyg.pipelines.snapshot import take_snapshot
from conclu_pyg.pipelines.stages import train
from conclu_pyg.registry import DATASETS
from conclu_pyg.reproduction.jobs import Job, Measured, records_file
from conclu_pyg.runs.folder import LAST, write_config
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.runs.records import Record, write_records
from conclu_pyg.seeding import seed_all

SOURCE = "its config"  # in messages, after the name of the job
PRETRAINED, FINETUNED = "pretrained", "finetuned"  # folders of runs in that of a cell


def run_cell(job: Job) -> None:
    """Train and measure what is not finished yet.

    Args:
        job: of the kind ``cell``.

    Raises:
        ConcluError: the training or a measurement failed.
        KeyboardInterrupt: after a signal; a training has saved its state.
    """
    cell = Path(job.folder)
    cell.mkdir(parents=True, exist_ok=True)
    with locked(cell / "cell"):  # a process that was left alone may still save its state
        remove_abandoned(cell)
        missing = {name: each for name, each in job.measured.items() if not records_file(cell, name).exists()}
        if not missing:
            return
        start = None if job.config is None else _pretrain(job.config, job.trains, cell / PRETRAINED)
        for name, measured in missing.items():
            write_records(records_file(cell, name), _measure(job, measured, cell, start, name))


def _pretrain(config: Mapping[str, Any], trains: bool, folder: Path) -> Path:
    if trains:
        return train(_in_folder(config, folder), SOURCE, resume=AUTO)
    if not (folder / LAST).exists():
        _save_initial(config, folder)
    return folder


def _in_folder(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a config whose run is in ``folder``, where it is also resumed."""
    if "stages" in config:
        first = next(iter(config["stages"]))
        return {**config, "stages": {**config["stages"], first: _in_folder(config["stages"][first], folder)}}
    return {**config, "pipeline": {**config["pipeline"], "run_dir": str(folder)}}


def _save_initial(config: Mapping[str, Any], folder: Path) -> None:
    """Save a run before its first step."""
    pipeline = build_pipeline(config, SOURCE)
    split = pipeline.training_split()
    state = EpochState(seed_all(pipeline.seed).get_state())
    snapshot = take_snapshot(pipeline, state, split.pos.shape[1], time.perf_counter())
    folder.mkdir(parents=True, exist_ok=True)
    write_config(folder, config)
    snapshot.save(folder / LAST)


def _measure(job: Job, measured: Measured, cell: Path, start: Path | None, name: str) -> list[Record]:
    if measured.finetuning is not None:
        folder = cell / f"{FINETUNED}_{name}"
        config = _in_folder(measured.finetuning, folder)
        if start is not None:
            encoder = {**config["model"]["encoder"], "checkpoint": str(start)}
            config = {**config, "model": {**config["model"], "encoder": encoder}}
        return _records(load_run(train(config, SOURCE, resume=AUTO), allow_imports=True), ())
    assert start is not None  # a cell without a pre-training is trained with labels
    run = _on_dataset(load_run(start, allow_imports=True), measured.dataset)
    run = run if job.trains else run.untrained()
    return _records(run, ({"name": "svm"}, *_cluster_probes(run, measured.num_clusters)))


def _on_dataset(run: LoadedRun, dataset: dict[str, Any]) -> LoadedRun:
    """Return the run with the data set of a measurement."""
    return replace(run, config={**run.config, "dataset": dataset}, open_dataset=cache(lambda: DATASETS.build(dataset)))


def _cluster_probes(run: LoadedRun, num_clusters: int | None) -> list[dict[str, Any]]:
    """Return the probes of clusters: k-means on the features, and the method's own clusters if they are as many."""
    if num_clusters is None:
        return []
    own = clusters_of(run.method) if run.trained else None
    probes: list[dict[str, Any]] = [{"name": "clusters", "kmeans": num_clusters}]
    return [*probes, {"name": "clusters"}] if own is not None and own.num_clusters == num_clusters else probes


def _records(run: LoadedRun, probes: Any) -> list[Record]:
    evaluation = Evaluation(run, probes=list(probes))
    records = [record for measurement in evaluation for record in measurement.records]
    evaluation.raise_failures()
    return records
