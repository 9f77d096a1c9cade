"""A linear support vector machine on frozen features."""

from __future__ import annotations

import numpy as np
from sklearn.svm import SVC

from conclu_pyg.evaluation.cross_validation import LinearResult, Scaling, accuracy_of, check_labels, choose_cost
from conclu_pyg.runs.embedding import Features

GRID = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # for standardised features over the root of their number: norm 1


class LinearSVM:
    """A linear SVM with the cost chosen by cross-validation on what it is trained on.

    Features are standardised by the mean and deviation of the training features and divided by the root of their
    number, so that the same costs suit every encoder. The classes are told apart pairwise.

    Args:
        train: features and labels to train on; the choice of the cost sees nothing else.
        seed: of the folds (default: 0).

    Attributes:
        c, cross_validation: as in :class:`~conclu_pyg.evaluation.cross_validation.LinearResult`.

    Raises:
        ConcluError: as :func:`~conclu_pyg.evaluation.cross_validation.check_labels`.
    """

    def __init__(self, train: Features, seed: int = 0) -> None:
        check_labels(train.y, "a linear SVM")
        self._scaling = Scaling(train.x)
        self._x = self._scaling(train.x)
        machine = SVC(kernel="precomputed", cache_size=1000)  # one matrix of products serves every fold and cost
        self._search = choose_cost(machine, GRID, self._x @ self._x.T, train.y, seed)
        self.c = float(self._search.best_params_["C"])
        self.cross_validation = 100 * float(self._search.best_score_)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The classes of features.

        Shapes:
            - **x:** ``[n, C]``, **output:** int64 ``[n]``
        """
        return self._search.predict(self._scaling(x) @ self._x.T)

    def accuracy(self, features: Features) -> float:
        """The share of features that are given their class, in percent."""
        return 100 * float((self.predict(features.x) == features.y).mean())


def linear_svm(train: Features, test: Features, num_classes: int, seed: int = 0) -> LinearResult:
    """Trains a :class:`LinearSVM` on ``train`` and measures it on ``test``.

    Args:
        train: features and labels to train on; the choice of the cost sees nothing else.
        test: features and labels to measure on.
        num_classes: how many classes there are.
        seed: of the folds (default: 0).

    Raises:
        ConcluError: as :class:`LinearSVM`.
    """
    machine = LinearSVM(train, seed)
    accuracy = accuracy_of(machine.predict(test.x), test.y, num_classes)
    return LinearResult(accuracy.total, accuracy.per_class, machine.c, machine.cross_validation)
