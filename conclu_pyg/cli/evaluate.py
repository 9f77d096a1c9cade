"""Measure a run's frozen encoder by probes, or a supervised run at its task: conclu evaluate RUN [options]"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.trust import add_allow_imports
from conclu_pyg.cli.values import one_of, positive_int
from conclu_pyg.errors import ConfigError, one_line
from conclu_pyg.runs.folder import CURVES_NAME, find_checkpoint

if TYPE_CHECKING:
    from conclu_pyg.evaluation.evaluate import Evaluation
    from conclu_pyg.runs.records import Record

DEVICE = "pipeline.device="


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="run", help="a run folder, or a checkpoint")
    parser.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="dataset.key=value",
        help="measure on another data set, for example dataset=FOLDER (default: the run's own)",
    )
    parser.add_argument(
        "--probe",
        action="append",
        metavar="NAME",
        help="probe of the frozen encoder: svm, linear (logistic regression), knn, retrieval, few-shot (5 and 10 "
        "classes, 10 and 20 labels), clusters, pretext (the method's own task), generation (generated clouds against "
        "test clouds), or one that a module of imports=[...] registers; with arguments as '{name: few-shot, "
        "queries: 5}'; may be given several times, and the features are computed once (default: svm)",
    )
    parser.add_argument(
        "--robustness",
        action="store_true",
        help="also measure rotated, noisy, sparse, occluded and stretched clouds, by a linear SVM trained on clean "
        "clouds or by the model of a supervised run: a table and a plot",
    )
    parser.add_argument(
        "--with-random", action="store_true", help="also measure the encoder with its initial random weights"
    )
    parser.add_argument(
        "--on",
        **one_of(("test", "validation")),
        default="test",
        help="measure on the test split, or on a fifth of the training split that the probes are not trained on, to "
        "choose between settings (default: test)",
    )
    parser.add_argument(
        "--label-per-class",
        type=positive_int,
        metavar="K",
        help="train the probes on K clouds of each class, drawn by pipeline.seed (default: the whole training split)",
    )
    parser.add_argument(
        "--votes",
        type=positive_int,
        default=1,
        metavar="N",
        help="for a supervised run: also average the predictions for N copies of each cloud (default: 1, no vote)",
    )
    add_allow_imports(parser)


def run(options: argparse.Namespace) -> None:
    find_checkpoint(options.run)  # reports a misspelt path before torch is imported
    announce_loading()

    from conclu_pyg.evaluation.evaluate import Evaluation
    from conclu_pyg.pipelines.launch import join_launched
    from conclu_pyg.runs.loaded_run import load_run

    devices = [word.removeprefix(DEVICE) for word in options.overrides if word.startswith(DEVICE)]
    join_launched(*devices[-1:])
    evaluation = Evaluation(
        load_run(options.run, options.overrides, allow_imports=options.allow_imports),
        probes=read_probes(options.probe or []),
        with_random=options.with_random,
        on=options.on,
        label_per_class=options.label_per_class,
        votes=options.votes,
        robustness=options.robustness,
    )
    records = _measure(evaluation)
    _plot(evaluation, records)
    _list_files(evaluation)
    evaluation.raise_failures()


def read_probes(words: Sequence[str]) -> list[str | dict[str, Any]]:
    """Returns names and configs of probes, each once.

    Raises:
        ConfigError: a config that is no mapping in YAML with a ``name``.
    """
    from conclu_pyg.config_files import parse_yaml

    probes: list[str | dict[str, Any]] = []
    for word in dict.fromkeys(words):
        if not word.startswith("{"):
            probes.append(word)
            continue
        try:
            config = parse_yaml(word)
        except ValueError as error:
            raise ConfigError(f"--probe {word} is not YAML: {one_line(error)}.", argument="probe", got=word) from error
        if not isinstance(config, dict) or not isinstance(config.get("name"), str):
            raise ConfigError(
                f"--probe: expected a name or a config such as '{{name: few-shot, queries: 5}}', got {word}.",
                argument="probe",
                got=word,
            )
        probes.append(config)
    return probes


def _measure(evaluation: Evaluation) -> list[Record]:
    """Saves and shows each measurement as soon as it is made."""
    from itertools import groupby

    from conclu_pyg.cli import evaluation_report as report
    from conclu_pyg.processes import rank
    from conclu_pyg.runs.records import RESULTS_NAME, append_records
    from conclu_pyg.vis.confusion import plot_confusion

    folder = evaluation.run.folder
    records: list[Record] = []
    for _, group in groupby(evaluation, key=lambda measurement: measurement.title):
        shown: list[Record] = []
        for title, found, scores in group:
            if rank() == 0:
                append_records(folder / RESULTS_NAME, found)
            if scores is not None:
                report.show_scores(found, scores)
                if found[0].protocol.votes == 1 and rank() == 0:
                    path = folder / report.picture_name("confusion", evaluation)
                    plot_confusion(scores.confusion, evaluation.run.method.label_names, path)
            elif evaluation.splits is not None:
                report.show_values(found, title, evaluation.splits)
            shown += found
        report.show_records(shown)
        records += shown
    return records


def _plot(evaluation: Evaluation, records: list[Record]) -> None:
    """Draws the clusters of a method that has any, and the values of corrupted clouds."""
    from conclu_pyg.cli import evaluation_report as report
    from conclu_pyg.evaluation.probes.clusters import assign_clusters
    from conclu_pyg.methods.base import clusters_of
    from conclu_pyg.processes import rank
    from conclu_pyg.vis.gallery import plot_clusters
    from conclu_pyg.vis.robustness import plot_robustness

    run, splits = evaluation.run, evaluation.splits
    if splits is not None and clusters_of(run.method):
        log_gamma = assign_clusters(run, splits)
        report.show_clusters(log_gamma)
        path = run.folder / report.picture_name("clusters", evaluation)
        if rank() == 0:
            plot_clusters(splits.test, log_gamma, run.up_axis, path)
    corrupted = [record for record in records if record.protocol.corruptions]
    if corrupted and rank() == 0:
        plot_robustness(corrupted, run.folder / report.picture_name("robustness", evaluation))


def _list_files(evaluation: Evaluation) -> None:
    from conclu_pyg.cli import evaluation_report as report
    from conclu_pyg.runs.records import RESULTS_NAME

    run = evaluation.run
    pictures = {name: run.folder / report.picture_name(name, evaluation) for name in report.PICTURES}
    report.show_files(
        curves=run.folder / CURVES_NAME, **pictures, results=run.folder / RESULTS_NAME, checkpoint=run.source
    )
