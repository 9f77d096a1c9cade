"""Scores of predictions, overall and per class."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Scores(NamedTuple):
    """Scores of predictions.

    Attributes:
        values: the scores by name, in percent.
        per_class: scores in percent and counts of each class; NaN for a class that does not occur.
        confusion: the number of targets of each true label (row) with each predicted label (column).

    Shapes:
        - **confusion:** int64 ``[labels, labels]``
    """

    values: dict[str, float]
    per_class: dict[str, dict[str, float]]  # an int is a count
    confusion: Tensor


def confusion_matrix(predicted: Tensor, truth: Tensor, labels: int) -> Tensor:
    """Returns the number of targets of each true label (row) with each predicted label (column), on the CPU.

    Shapes:
        - **predicted**, **truth:** int64 ``[n]``, from 0 to ``labels - 1``
        - **output:** int64 ``[labels, labels]``
    """
    return (truth * labels + predicted).bincount(minlength=labels**2).view(labels, labels).cpu()
