"""A linear support vector machine on frozen features."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, recall_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.features import Features

GRID = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # for standardised features over the root of their number: norm 1
FOLDS = 3


@dataclass(frozen=True)
class SVMResult:
    """What a linear SVM reached.

    Attributes:
        accuracy: on the features held out, in percent.
        per_class: the same for each class, NaN where none is held out.
        c: the cost that cross-validation chose, of :data:`GRID`.
        cross_validation: mean accuracy of that cost over the folds of the training features, in percent.
    """

    accuracy: float
    per_class: list[float]
    c: float
    cross_validation: float


def check_labels(y: np.ndarray) -> None:
    """Refuses labels that no cost can be chosen on.

    Shapes:
        - **y:** int64 ``[n]``, the training labels

    Raises:
        ConcluError: fewer than two classes have a training cloud for each fold.
    """
    counts = np.bincount(y)
    if (counts >= FOLDS).sum() < 2:  # so that every fold trains on two classes
        raise ConcluError(
            f"a linear SVM whose C is chosen by {FOLDS}-fold cross-validation needs two classes of {FOLDS} training "
            f"clouds at least; the largest of the {(counts > 0).sum()} classes here has {counts.max()}."
        )


def linear_svm(train: Features, test: Features, num_classes: int, seed: int = 0) -> SVMResult:
    """Trains a linear SVM on ``train``, with the cost chosen by cross-validation there, and measures it on ``test``.

    Features are standardised by the mean and deviation of the training features and divided by the root of their
    number, so that the same costs suit every encoder. The classes are told apart pairwise.

    Args:
        train: features and labels to train on; the choice of the cost sees nothing else.
        test: features and labels to measure on.
        num_classes: how many classes there are.
        seed: of the folds (default: 0).

    Raises:
        ConcluError: as :func:`check_labels`.
    """
    check_labels(train.y)
    scaler = StandardScaler().fit(train.x.astype(np.float64))
    x = scaler.transform(train.x) / math.sqrt(train.x.shape[1])
    held_out = scaler.transform(test.x) / math.sqrt(train.x.shape[1])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # few labels: some folds lack a class
        warnings.filterwarnings("ignore", message="The number of unique classes")  # few labels of many classes
        search = GridSearchCV(
            SVC(kernel="precomputed", cache_size=1000),  # one matrix of products serves every fold and cost
            {"C": list(GRID)},
            cv=StratifiedKFold(FOLDS, shuffle=True, random_state=seed),
        ).fit(x @ x.T, train.y)
    predicted = search.predict(held_out @ x.T)
    labels = np.arange(num_classes)
    recall = recall_score(test.y, predicted, labels=labels, average=None, zero_division=np.nan)
    return SVMResult(
        accuracy=100 * float(accuracy_score(test.y, predicted)),
        per_class=[100 * float(value) for value in recall],
        c=float(search.best_params_["C"]),
        cross_validation=100 * float(search.best_score_),
    )
