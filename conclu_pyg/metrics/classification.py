"""Metrics of classification."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from conclu_pyg.metrics.scores import Scores, confusion_matrix


def classification_scores(predicted: Tensor, truth: Tensor, classes: Sequence[str]) -> Scores:
    """Returns the overall accuracy (over clouds) and the class accuracy (mean over the classes that occur).

    Args:
        predicted: the predicted class of each cloud.
        truth: the true class.
        classes: the names of the classes, by label.

    Shapes:
        - **predicted**, **truth:** ``[n]``
    """
    confusion = confusion_matrix(predicted, truth, len(classes))
    correct, count = confusion.diag().double(), confusion.sum(dim=1)
    accuracy = 100 * correct / count  # NaN for a class that does not occur
    per_class = {name: {"accuracy": value} for name, value in zip(classes, accuracy.tolist(), strict=True)}
    present = [value for value in accuracy.tolist() if not math.isnan(value)]
    values = {"accuracy": float(100 * correct.sum() / count.sum()), "class accuracy": sum(present) / len(present)}
    return Scores(values, per_class, confusion)
