"""Train a linear SVM on a run's frozen encoder: tools/evaluate.py RUN_OR_CHECKPOINT [dataset.key=value ...]"""

from __future__ import annotations

import argparse

from conclu_pyg.cli.patience import announce_loading
from conclu_pyg.engine.run_folder import find_checkpoint


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
        "--with-random", action="store_true", help="probe a randomly initialised encoder too, for comparison"
    )
    parser.add_argument(
        "--on",
        choices=("test", "validation"),
        default="test",
        help="what accuracy is measured on: the test split, or a fifth of the training split that the SVM does not "
        "see, on which to choose between settings (default: test)",
    )
    parser.add_argument(
        "--labels-per-class",
        type=_count,
        metavar="K",
        help="train the SVM on K clouds of each class, drawn by pipeline.seed (default: on the whole training split)",
    )


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, found {count}")
    return count


def run(options: argparse.Namespace) -> None:
    find_checkpoint(options.run)  # a misspelt one is known at once
    announce_loading()

    from conclu_pyg.evaluation.evaluate import evaluate_run

    evaluate_run(
        options.run,
        options.overrides,
        with_random=options.with_random,
        on=options.on,
        labels_per_class=options.labels_per_class,
    )
