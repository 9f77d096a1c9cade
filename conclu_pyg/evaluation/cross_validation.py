"""Selection of C by cross-validation for linear classifiers on frozen features."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import accuracy_score, recall_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from conclu_pyg.errors import ConcluError

FOLDS = 3


class Accuracy(NamedTuple):
    """Accuracy of predictions.

    Attributes:
        total: over all clouds, in percent.
        per_class: of each class, in percent; NaN for a class without clouds.
    """

    total: float
    per_class: list[float]

    def by_name(self, classes: Sequence[str]) -> dict[str, float | None]:
        """Returns the accuracy of each class for a record; ``None`` for a class without clouds."""
        pairs = zip(classes, self.per_class, strict=True)
        return {name: None if math.isnan(value) else round(value, 1) for name, value in pairs}


class Scaling:
    """Standardises features by the training features and divides them by the square root of their number of channels.

    The features then have norm 1 on average, so that the same values of C suit encoders of any width.

    Args:
        x: the training features.

    Shapes:
        - **x:** ``[n, C]``
        - **input**, **output** of a call: ``[m, C]``
    """

    def __init__(self, x: np.ndarray) -> None:
        self._scaler = StandardScaler().fit(x.astype(np.float64))
        self._root = math.sqrt(x.shape[1])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self._scaler.transform(x) / self._root


def check_labels(y: np.ndarray, classifier: str) -> None:
    """Rejects labels that do not suffice for the cross-validation.

    Args:
        y: the training labels.
        classifier: its name, such as ``linear SVM``.

    Shapes:
        - **y:** int64 ``[n]``

    Raises:
        ConcluError: fewer than two classes have a training cloud for each fold.
    """
    counts = np.bincount(y)
    if (counts >= FOLDS).sum() < 2:  # so that every fold trains on two classes
        raise ConcluError(
            f"{classifier}: selecting C by {FOLDS}-fold cross-validation needs at least two classes with {FOLDS} "
            f"training clouds each; the largest of the {(counts > 0).sum()} classes has {counts.max()}.",
            got=int(counts.max()),
        )


def select_C(classifier: Any, grid: Sequence[float], x: np.ndarray, y: np.ndarray, seed: int) -> GridSearchCV:
    """Returns scikit-learn's grid search over C by stratified cross-validation; it predicts by the best classifier,
    trained on all of ``x``.

    Args:
        classifier: a scikit-learn classifier with the argument ``C``.
        grid: values of C.
        x, y: training features and labels.
        seed: of the folds.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # few labels: some folds lack a class
        warnings.filterwarnings("ignore", message="The number of unique classes")  # few labels of many classes
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
        return GridSearchCV(classifier, {"C": list(grid)}, cv=folds).fit(x, y)


def accuracy_of(predicted: np.ndarray, y: np.ndarray, num_classes: int) -> Accuracy:
    """Returns the accuracy of predicted labels.

    Shapes:
        - **predicted**, **y:** int64 ``[n]``
    """
    recall = recall_score(y, predicted, labels=np.arange(num_classes), average=None, zero_division=np.nan)
    return Accuracy(100 * float(accuracy_score(y, predicted)), [100 * float(value) for value in recall])


def notes_on_C(C: float, grid: Sequence[float]) -> list[str]:
    """Returns a note if ``C`` is at an end of the grid."""
    if C not in (min(grid), max(grid)):
        return []
    end = "smallest" if min(grid) == C else "largest"
    return [f"C = {C:g} is the {end} value of the grid ({min(grid):g} to {max(grid):g}); one beyond it may be better."]
