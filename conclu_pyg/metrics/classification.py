"""Metrics of classification."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from conclu_pyg.metrics.scores import Scores, confusion_matrix


def classification_scores(predicted: Tensor, truth: Tensor, classes: Sequence[str]) -> Scores:
    """The overall accuracy (share of the clouds) and the mean of the classes' accuracies, over the classes there are.

    Args:
        predicted: a class for each cloud.
        truth: the true one.
        classes: the name of each class.

    Shapes:
        - **predicted**, **truth:** ``[n]``
    """
    confusion = confusion_matrix(predicted, truth, len(classes))
    right, count = confusion.diag().double(), confusion.sum(dim=1)
    accuracy = 100 * right / count  # NaN for a class that is not there
    per_class = {name: {"accuracy": value} for name, value in zip(classes, accuracy.tolist(), strict=True)}
    there = [value for value in accuracy.tolist() if not math.isnan(value)]
    values = {"accuracy": float(100 * right.sum() / count.sum()), "class accuracy": sum(there) / len(there)}
    return Scores(values, per_class, confusion)
