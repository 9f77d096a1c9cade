"""Measure a run's frozen encoder by probes, or a run trained on labels at its task: tools/evaluate.py RUN [options]"""

from __future__ import annotations

import argparse

from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.runs.folder import find_checkpoint

PROBE_NAMES = ("svm", "linear", "knn", "few-shot")  # those of conclu_pyg.evaluation.probes, which takes long to import


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="run", help="a run folder, or a checkpoint")
    parser.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="dataset.key=value",
        help="another data set to probe on (default: the run's own)",
    )
    parser.add_argument(
        "--probe",
        action="append",
        choices=PROBE_NAMES,
        help="what measures the encoder: a linear SVM, logistic regression, the nearest neighbours, or few-shot "
        "classification (5 and 10 classes, 10 and 20 labels); several, each after a --probe of its own, share the "
        "features (default: svm)",
    )
    parser.add_argument(
        "--robustness",
        action="store_true",
        help="measure on turned, noisy, thinned, occluded and stretched clouds what learnt from clean ones, a linear "
        "SVM or the model of a run that was trained on labels: a table and a plot",
    )
    parser.add_argument(
        "--with-random", action="store_true", help="probe a randomly initialised encoder too, for comparison"
    )
    parser.add_argument(
        "--on",
        choices=("test", "validation"),
        default="test",
        help="what accuracy is measured on: the test split, or a fifth of the training split that the probe does not "
        "see, on which to choose between settings (default: test)",
    )
    parser.add_argument(
        "--label-per-class",
        type=_count,
        metavar="K",
        help="train the probe on K clouds of each class, drawn by pipeline.seed (default: on the whole training split)",
    )
    parser.add_argument("--labels-per-class", type=_count, dest="label_per_class", help=argparse.SUPPRESS)  # in records
    parser.add_argument(
        "--votes",
        type=_count,
        default=1,
        metavar="N",
        help="of a run that was trained on labels: also let N copies of each cloud vote (default: 1, no vote)",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a number of at least 1, found {text!r}")
    return int(text)


def run(options: argparse.Namespace) -> None:
    find_checkpoint(options.run)  # a misspelt one is known at once
    announce_loading()

    from conclu_pyg.evaluation.evaluate import evaluate_run
    from conclu_pyg.evaluation.probes import PROBES

    evaluate_run(
        options.run,
        options.overrides,
        probes=[PROBES[name] for name in dict.fromkeys(options.probe or [])],
        with_random=options.with_random,
        on=options.on,
        label_per_class=options.label_per_class,
        votes=options.votes,
        robustness=options.robustness,
    )
