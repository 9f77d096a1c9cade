"""The record of a linear classifier as a probe: the linear SVM's and logistic regression's differ in little."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from conclu_pyg.evaluation.cross_validation import FOLDS, LinearResult, check_labels, cost_notes, rounded
from conclu_pyg.evaluation.probe import ProbeSplits, make_record
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import Record

R = TypeVar("R", bound=LinearResult)


def linear_record(
    run: LoadedRun,
    splits: ProbeSplits,
    *,
    task: str,
    classifier: str,
    protocol: str,
    grid: Sequence[float],
    classify: Callable[[Features, Features, int, int], R],
    notes: Callable[[R], list[str]] = lambda result: [],
) -> Record:
    """The record of a linear classifier on the pooled features of the frozen encoder.

    Args:
        run: whose encoder is measured.
        splits: what it is trained and measured on.
        task: see :class:`~conclu_pyg.runs.records.Record`.
        classifier: as for :func:`check_labels`.
        protocol: what the protocol calls it.
        grid: the costs that are tried.
        classify: gives the result of training features, others to measure on, the number of classes and the seed.
        notes: what is to be said of a result beside what is to be said of its cost (default: nothing).

    Raises:
        ConcluError: features that are not finite, or too few training clouds for the folds of the cross-validation.
    """
    began = time.perf_counter()
    train = splits.train
    check_labels(train.y, classifier)  # before the features, which take longer
    result = classify(run.embed(train), run.embed(splits.held_out), len(train.classes), run.seed)
    num_points = train.pos.shape[1]
    return make_record(
        run,
        task=task,
        metric="accuracy",
        value=result.accuracy,
        protocol=(
            f"{protocol} on the pooled features of the frozen encoder, {num_points:,} points of each clean cloud; "
            f"trained on {splits.train_in_words}, C by {FOLDS}-fold cross-validation there; "
            f"measured on {splits.held_out_in_words}"
        ),
        seconds=time.perf_counter() - began,
        details={
            **splits.details,
            "num_points": num_points,
            "c": result.c,
            "cross_validation": round(result.cross_validation, 2),
            "notes": [*cost_notes(result.c, grid), *notes(result)],
            "per_class": rounded(train.classes, result.per_class),
        },
    )
