"""Evaluation of a run: probes of its encoder, or its own task, shown with their protocols and kept as records."""

from __future__ import annotations

from collections.abc import Sequence

from conclu_pyg.data.map_split import map_split
from conclu_pyg.errors import ConfigError
from conclu_pyg.evaluation.evaluate_task import evaluate_task
from conclu_pyg.evaluation.probe import On, Probe, probe_splits
from conclu_pyg.evaluation.report import picture_name, show_clusters, show_files, show_records, show_value
from conclu_pyg.evaluation.robustness_probe import ROBUSTNESS
from conclu_pyg.evaluation.svm_probe import SVM
from conclu_pyg.methods.base import clusters_of
from conclu_pyg.runs.folder import CURVES_NAME
from conclu_pyg.runs.loaded_run import load_run
from conclu_pyg.runs.records import RESULTS_NAME, Record, append_records, read_records
from conclu_pyg.tasks.base import Task
from conclu_pyg.vis.gallery import plot_clusters
from conclu_pyg.vis.robustness import plot_robustness


def evaluate_run(
    path: str,
    overrides: Sequence[str] = (),
    *,
    probes: Sequence[Probe] = (),
    with_random: bool = False,
    on: On = "test",
    label_per_class: int | None = None,
    votes: int = 1,
    robustness: bool = False,
) -> list[Record]:
    """Measures the frozen encoder of a run, or a run that was trained on labels at its own task
    (:mod:`~conclu_pyg.evaluation.evaluate_task`), prints what it reached, and appends it to the run's records.

    Args:
        path: a run folder (its best checkpoint where it has one, or else its last) or a checkpoint.
        overrides: as for :func:`~conclu_pyg.runs.loaded_run.load_run`.
        probes: what measures an encoder (default: a linear SVM); they share the features.
        with_random: also probes the encoder as ``pipeline.seed`` initialises it, before any training.
        on: the test split, or a fifth of the training split that the probe is not trained on.
        label_per_class: how many clouds of each class the probe is trained on, drawn by the run's seed (default: all).
        votes: of a run that was trained on labels (default: 1, no vote).
        robustness: also measures changed clouds, by a linear SVM of its own where an encoder is probed (default: no).

    Raises:
        ConcluError: a checkpoint, data set or override that cannot be used.
        ConfigError: ``label_per_class`` for a probe that chooses its own, or an option of the other kind of run.
    """
    run = load_run(path, overrides)
    results = run.folder / RESULTS_NAME
    if results.exists():
        read_records(results)  # damaged ones are known before the work, not after it
    if isinstance(run.method, Task):
        if probes or with_random or on != "test" or label_per_class is not None:
            raise ConfigError(
                f"{run.folder} was trained on labels, so it is measured at its own task on the test split; leave out "
                "the options of probes (--probe, --with-random, --on, --label-per-class)."
            )
        return evaluate_task(run, votes, robustness)
    if votes != 1:
        raise ConfigError(f"--votes={votes} is for runs that were trained on labels, and {run.folder} was not.")
    probes = (*probes, *((ROBUSTNESS,) if robustness else ())) or (SVM,)
    stubborn = [probe.title for probe in probes if probe.own_labels]
    if label_per_class is not None and stubborn:
        raise ConfigError(f"{stubborn[0]} draws its own labels, as its protocol says; leave --label-per-class out.")
    splits = probe_splits(run, on, label_per_class)
    for check in (probe.check for probe in probes if probe.check is not None):
        check(splits)
    measured = (run.untrained(), run) if with_random else (run,)
    records: list[Record] = []
    for probe in probes:
        found: list[Record] = []
        for encoder in measured:
            values = probe.measure(encoder, splits)
            for record in values:
                show_value(record, probe.title + splits.in_brief)
            found += values
        show_records(found)
        append_records(results, found)
        records += found
    clusters, changes = (run.folder / picture_name(what, run, splits.on) for what in ("clusters", "robustness"))
    if method := clusters_of(run.method):
        log_gamma = map_split(run.method, method.assign, splits.held_out, run.device, batch_size=64)
        show_clusters(log_gamma)
        plot_clusters(splits.held_out, log_gamma, run.up_axis, clusters)
    if changed := [record for record in records if "changes" in record.details]:
        plot_robustness(changed, changes)
    show_files(
        curves=run.folder / CURVES_NAME, clusters=clusters, robustness=changes, results=results, checkpoint=run.source
    )
    return records
