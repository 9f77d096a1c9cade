"""Linear classifiers on frozen features: the paper's linear SVM (section 3.3) and logistic regression."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveFloats
from conclu_pyg.evaluation.cross_validation import FOLDS, Scaling, accuracy_of, check_labels, notes_on_C, select_C
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.protocol import Classifier

SVM_GRID = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
LOGISTIC_GRID = (1.0, 10.0, 100.0, 1000.0)
MAX_ITER = 1000  # of L-BFGS
# Number of feature values below which the threads of BLAS cost more than they save.
SINGLE_THREADED = 1 << 20


class LinearSVM:
    """A linear SVM, one-vs-one, whose C is selected by cross-validation on the training features.

    Args:
        train: features and labels to train on.
        seed: of the folds (default: 0).
        grid: values of C for features of norm 1 (see :class:`~conclu_pyg.evaluation.cross_validation.Scaling`).

    Attributes:
        C: the selected value.
        grid: the values that were tried.
        cross_validation: its mean accuracy over the folds, in percent.
        notes: sentences for the record.

    Raises:
        ConcluError: see :func:`~conclu_pyg.evaluation.cross_validation.check_labels`.
    """

    name = "linear SVM"
    default_grid = SVM_GRID

    def __init__(self, train: Features, seed: int = 0, grid: Sequence[float] = SVM_GRID) -> None:
        check_labels(train.y, self.name)
        self._scaling = Scaling(train.x)
        self._x = self._scaling(train.x)
        svm = SVC(kernel="precomputed", cache_size=1000)  # one Gram matrix serves every fold and every C
        self._search = select_C(svm, grid, self._x @ self._x.T, train.y, seed)
        self.C = float(self._search.best_params_["C"])
        self.cross_validation = 100 * float(self._search.best_score_)
        self.notes = notes_on_C(self.C, grid)
        self.grid = tuple(grid)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Returns the predicted classes.

        Shapes:
            - **x:** ``[n, C]``, **output:** int64 ``[n]``
        """
        return self._search.predict(self._scaling(x) @ self._x.T)


class LogisticClassifier:
    """Multinomial logistic regression whose C is selected by cross-validation on the training features.

    Args, attributes, errors: as for :class:`LinearSVM`.
    """

    name = "logistic regression"
    default_grid = LOGISTIC_GRID

    def __init__(
        self, train: Features, seed: int = 0, grid: Sequence[float] = LOGISTIC_GRID, max_iter: int = MAX_ITER
    ) -> None:
        check_labels(train.y, self.name)
        self._scaling = Scaling(train.x)
        limits = threadpool_limits(1 if train.x.size < SINGLE_THREADED else None, user_api="blas")
        with limits, warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=ConvergenceWarning)  # reported by a note
            classifier = LogisticRegression(max_iter=max_iter)
            self._search = select_C(classifier, grid, self._scaling(train.x), train.y, seed)
        self.C = float(self._search.best_params_["C"])
        self.cross_validation = 100 * float(self._search.best_score_)
        self.notes = notes_on_C(self.C, grid)
        self.grid = tuple(grid)
        if self._search.best_estimator_.n_iter_.max() >= max_iter:
            self.notes.append(f"{self.name} did not converge in {max_iter} iterations.")

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Returns the predicted classes.

        Shapes:
            - **x:** ``[n, C]``, **output:** int64 ``[n]``
        """
        return self._search.predict(self._scaling(x))


class _Linear(Probe):
    """Accuracy of a linear classifier on the pooled features of the frozen encoder."""

    @abstractmethod
    def fit(self, train: Features, seed: int) -> Any:
        """Returns the trained classifier."""

    def check(self, splits: ProbeSplits) -> None:
        check_labels(splits.train.y, self.title)

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        classes = splits.train.classes
        classifier, test = self.fit(run.embed(splits.train), run.seed), run.embed(splits.test)
        accuracy = accuracy_of(classifier.predict(test.x), test.y, len(classes))
        details = {**cross_validation_details(classifier), "per_class": accuracy.by_name(classes)}
        return [Result("accuracy", accuracy.total, details, {"classifier": describe(classifier)})]


@PROBES.register_module("svm")
class LinearSVMProbe(_Linear):
    """Accuracy of a linear SVM.

    Args:
        grid: values of C (default: 0.3 to 100).

    Raises:
        ArgumentError: a C that is not finite and above 0, or an empty grid.
    """

    title = LinearSVM.name

    @validated
    def __init__(self, grid: PositiveFloats = SVM_GRID) -> None:
        self.grid = grid

    def fit(self, train: Features, seed: int) -> LinearSVM:
        return LinearSVM(train, seed, self.grid)


@PROBES.register_module("linear")
class LogisticProbe(_Linear):
    """Accuracy of multinomial logistic regression.

    Args:
        grid: values of C (default: 1 to 1000).

    Raises:
        ArgumentError: a C that is not finite and above 0, or an empty grid.
    """

    title = LogisticClassifier.name

    @validated
    def __init__(self, grid: PositiveFloats = LOGISTIC_GRID) -> None:
        self.grid = grid

    def fit(self, train: Features, seed: int) -> LogisticClassifier:
        return LogisticClassifier(train, seed, self.grid)


def describe(classifier: LinearSVM | LogisticClassifier) -> Classifier:
    """Returns the protocol's fields of a linear classifier."""
    grid = None if classifier.grid == classifier.default_grid else classifier.grid
    return Classifier(classifier.name, True, selected="C", selected_by="cross-validation", folds=FOLDS, grid=grid)


def cross_validation_details(classifier: LinearSVM | LogisticClassifier) -> dict[str, Any]:
    """Returns what a record says about the selection of C."""
    score = round(classifier.cross_validation, 2)
    return {"C": classifier.C, "cross_validation": score, "notes": list(classifier.notes)}
