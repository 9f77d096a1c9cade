"""Multinomial logistic regression as a probe: the linear classifier that other self-supervised work reports."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from conclu_pyg.engine.records import Record
from conclu_pyg.evaluation.cross_validation import (
    FOLDS,
    Scaling,
    accuracy_of,
    check_labels,
    choose_cost,
    cost_notes,
    rounded,
)
from conclu_pyg.evaluation.features import Features
from conclu_pyg.evaluation.loaded_run import LoadedRun
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, make_record

GRID = (1.0, 10.0, 100.0, 1000.0)  # for standardised features over the root of their number: norm 1
STEPS = 1000  # of L-BFGS


@dataclass(frozen=True)
class LogisticResult:
    """What logistic regression reached.

    Attributes:
        accuracy: on the features held out, in percent.
        per_class: the same for each class, NaN where none is held out.
        c: the cost that cross-validation chose, of :data:`GRID`.
        cross_validation: mean accuracy of that cost over the folds of the training features, in percent.
        converged: whether the final one came to rest within :data:`STEPS` steps.
    """

    accuracy: float
    per_class: list[float]
    c: float
    cross_validation: float
    converged: bool


def linear_probe(run: LoadedRun, splits: ProbeSplits) -> list[Record]:
    """One record: the accuracy of logistic regression on the pooled features of the frozen encoder.

    Raises:
        ConcluError: features that are not finite, or too few training clouds for the folds of the cross-validation.
    """
    began = time.perf_counter()
    train = splits.train
    check_labels(train.y, "logistic regression")  # before the features, which take longer
    result = logistic_regression(run.embed(train), run.embed(splits.held_out), len(train.classes), run.seed)
    num_points = train.pos.shape[1]
    unfinished = [] if result.converged else [f"logistic regression had not come to rest after {STEPS} steps."]
    record = make_record(
        run,
        task="linear",
        metric="accuracy",
        value=result.accuracy,
        protocol=(
            f"multinomial logistic regression on the pooled features of the frozen encoder, {num_points:,} points of "
            f"each clean cloud; trained on {splits.train_in_words}, C by {FOLDS}-fold cross-validation there; "
            f"measured on {splits.held_out_in_words}"
        ),
        seconds=time.perf_counter() - began,
        details={
            "num_points": num_points,
            "c": result.c,
            "cross_validation": round(result.cross_validation, 2),
            "notes": [*cost_notes(result.c, GRID), *unfinished],
            "per_class": rounded(train.classes, result.per_class),
        },
    )
    return [record]


def logistic_regression(train: Features, test: Features, num_classes: int, seed: int = 0) -> LogisticResult:
    """Trains multinomial logistic regression on ``train``, with the cost chosen by cross-validation there, and measures
    it on ``test``.

    Features are scaled as for the linear SVM.

    Args:
        train: features and labels to train on; the choice of the cost sees nothing else.
        test: features and labels to measure on.
        num_classes: how many classes there are.
        seed: of the folds (default: 0).

    Raises:
        ConcluError: as :func:`~conclu_pyg.evaluation.cross_validation.check_labels`.
    """
    check_labels(train.y, "logistic regression")
    scaling = Scaling(train.x)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ConvergenceWarning)  # told by n_iter_ below
        search = choose_cost(LogisticRegression(max_iter=STEPS), GRID, scaling(train.x), train.y, seed)
    accuracy = accuracy_of(search.predict(scaling(test.x)), test.y, num_classes)
    return LogisticResult(
        accuracy.total,
        accuracy.per_class,
        c=float(search.best_params_["C"]),
        cross_validation=100 * float(search.best_score_),
        converged=bool(search.best_estimator_.n_iter_.max() < STEPS),
    )


LINEAR = Probe("logistic regression", linear_probe)
