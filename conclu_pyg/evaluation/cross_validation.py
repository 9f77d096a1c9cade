"""What the linear classifiers on frozen features share: how features are scaled, and how a cost is chosen."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import accuracy_score, recall_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from conclu_pyg.errors import ConcluError

FOLDS = 3


@dataclass(frozen=True)
class LinearResult:
    """What a linear classifier reached.

    Attributes:
        accuracy: on the features held out, in percent.
        per_class: the same for each class, NaN where none is held out.
        c: the cost that cross-validation chose.
        cross_validation: mean accuracy of that cost over the folds of the training features, in percent.
    """

    accuracy: float
    per_class: list[float]
    c: float
    cross_validation: float


class Accuracy(NamedTuple):
    """How many predictions are right.

    Attributes:
        total: of all clouds, in percent.
        per_class: the same for each class, NaN where it has none.
    """

    total: float
    per_class: list[float]


class Scaling:
    """Standardises features by the mean and deviation of the training features, and divides them by the root of their
    number, so that the same costs suit encoders of any width.

    Args:
        x: the training features.

    Shapes:
        - **x:** ``[n, C]``; called with ``[m, C]``, it gives ``[m, C]`` of the same number type
    """

    def __init__(self, x: np.ndarray) -> None:
        self._scaler = StandardScaler().fit(x.astype(np.float64))
        self._root = math.sqrt(x.shape[1])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self._scaler.transform(x) / self._root


def check_labels(y: np.ndarray, classifier: str) -> None:
    """Refuses labels that no cost can be chosen on.

    Args:
        y: the training labels.
        classifier: what it is chosen for, such as ``a linear SVM``.

    Shapes:
        - **y:** int64 ``[n]``

    Raises:
        ConcluError: fewer than two classes have a training cloud for each fold.
    """
    counts = np.bincount(y)
    if (counts >= FOLDS).sum() < 2:  # so that every fold trains on two classes
        raise ConcluError(
            f"{classifier} whose C is chosen by {FOLDS}-fold cross-validation needs two classes of {FOLDS} training "
            f"clouds at least; the largest of the {(counts > 0).sum()} classes here has {counts.max()}."
        )


def choose_cost(classifier: Any, grid: Sequence[float], x: np.ndarray, y: np.ndarray, seed: int) -> GridSearchCV:
    """scikit-learn's search over costs by stratified folds of ``x``; it predicts by the best, trained on all of ``x``.

    Args:
        classifier: of scikit-learn, with the argument ``C``.
        grid: the costs.
        x, y: what is trained on.
        seed: of the folds.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # few labels: some folds lack a class
        warnings.filterwarnings("ignore", message="The number of unique classes")  # few labels of many classes
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
        return GridSearchCV(classifier, {"C": list(grid)}, cv=folds).fit(x, y)


def accuracy_of(predicted: np.ndarray, y: np.ndarray, num_classes: int) -> Accuracy:
    """How many of the predictions are the labels.

    Shapes:
        - **predicted**, **y:** int64 ``[n]``
    """
    recall = recall_score(y, predicted, labels=np.arange(num_classes), average=None, zero_division=np.nan)
    return Accuracy(100 * float(accuracy_score(y, predicted)), [100 * float(value) for value in recall])


def rounded(classes: Sequence[str], per_class: Sequence[float]) -> dict[str, float | None]:
    """The accuracy of each class as the details of a record have it: None where it has no cloud."""
    pairs = zip(classes, per_class, strict=True)
    return {name: None if math.isnan(value) else round(value, 1) for name, value in pairs}


def cost_notes(c: float, grid: Sequence[float]) -> list[str]:
    """What a cost at an end of the grid means: nobody looked beyond."""
    if c not in (min(grid), max(grid)):
        return []
    end = "smallest" if c == min(grid) else "largest"
    return [f"C = {c:g} is the {end} of the costs tried, {min(grid):g} to {max(grid):g}; one beyond may do better."]
