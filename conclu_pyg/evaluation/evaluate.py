"""Evaluation of a run: a probe of its encoder, shown with its protocol and kept as records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from conclu_pyg.engine.records import RESULTS_NAME, Record, append_records, read_records
from conclu_pyg.evaluation.features import apply_frozen
from conclu_pyg.evaluation.loaded_run import LoadedRun, load_run
from conclu_pyg.evaluation.probe import On, Probe, ProbeSplits, probe_splits
from conclu_pyg.evaluation.report import show_files, show_records, show_value
from conclu_pyg.evaluation.svm_probe import SVM
from conclu_pyg.methods.base import num_clusters
from conclu_pyg.pipelines.base import CURVES_NAME
from conclu_pyg.vis.gallery import plot_clusters


def evaluate_run(
    path: str,
    overrides: Sequence[str] = (),
    *,
    probe: Probe = SVM,
    with_random: bool = False,
    on: On = "test",
    labels_per_class: int | None = None,
) -> list[Record]:
    """Measures the frozen encoder of a run, prints what it reached, and appends it to the run's records.

    Args:
        path: a run folder (its last checkpoint) or a checkpoint.
        overrides: as for :func:`~conclu_pyg.evaluation.loaded_run.load_run`.
        probe: the task (default: a linear SVM).
        with_random: also probes the encoder as ``pipeline.seed`` initialises it, before any training.
        on: the test split, or a fifth of the training split that the probe is not trained on.
        labels_per_class: how many clouds of each class the probe is trained on, drawn by the run's seed (default: all).

    Raises:
        ConcluError: a checkpoint, data set or override that cannot be used.
    """
    run = load_run(path, overrides)
    results = run.folder / RESULTS_NAME
    if results.exists():
        read_records(results)  # damaged ones are known before the work, not after it
    splits = probe_splits(run, on, labels_per_class)
    records: list[Record] = []
    for measured in (run.untrained(), run) if with_random else (run,):
        found = probe.measure(measured, splits)
        for record in found:
            show_value(record, probe.title + splits.in_brief)
        records += found
    show_records(records)
    append_records(results, records)
    clusters = run.folder / clusters_name(run, splits)
    if num_clusters(run.method):
        log_gamma = apply_frozen(run.method, run.method.assign, splits.held_out, run.device, batch_size=64)
        plot_clusters(splits.held_out, log_gamma, run.vertical_axis, clusters)
    show_files(curves=run.folder / CURVES_NAME, clusters=clusters, results=results, checkpoint=run.source)
    return records


def clusters_name(run: LoadedRun, splits: ProbeSplits) -> str:
    """``clusters.png`` for the test split that belongs to the training, and another name for each other picture, such
    as ``clusters_ModelNet10_5c3c9a.png`` or ``clusters_validation.png``."""
    data = run.config["dataset"]
    parts = ["clusters"]
    if data != run.checkpoint.config["dataset"]:
        digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
        parts += [run.dataset.name, digest[:6]]
    if splits.on != "test":
        parts.append(splits.on)
    return "_".join(parts) + ".png"
