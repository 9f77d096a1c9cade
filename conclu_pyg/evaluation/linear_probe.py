"""Multinomial logistic regression as a probe: the linear classifier that other self-supervised work reports."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from conclu_pyg.evaluation.cross_validation import LinearResult, Scaling, accuracy_of, check_labels, choose_cost
from conclu_pyg.evaluation.linear_record import linear_record
from conclu_pyg.evaluation.probe import Probe, ProbeSplits
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import Record

GRID = (1.0, 10.0, 100.0, 1000.0)  # for standardised features over the root of their number: norm 1
STEPS = 1000  # of L-BFGS
FEW = 1 << 20  # values of the features, below which threads of the matrix products wait for each other more than work


@dataclass(frozen=True)
class LogisticResult(LinearResult):
    """What logistic regression reached.

    Attributes:
        converged: whether the final one came to rest within :data:`STEPS` steps.
    """

    converged: bool


def linear_probe(run: LoadedRun, splits: ProbeSplits) -> list[Record]:
    """One record: the accuracy of logistic regression on the pooled features of the frozen encoder.

    Raises:
        ConcluError: as :func:`~conclu_pyg.evaluation.linear_record.linear_record`.
    """
    record = linear_record(
        run,
        splits,
        task="linear",
        classifier="logistic regression",
        protocol="multinomial logistic regression",
        grid=GRID,
        classify=logistic_regression,
        notes=_unfinished,
    )
    return [record]


def _unfinished(result: LogisticResult) -> list[str]:
    return [] if result.converged else [f"logistic regression had not come to rest after {STEPS} steps."]


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
    alone = threadpool_limits(1 if train.x.size < FEW else None, user_api="blas")
    with alone, warnings.catch_warnings():
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
