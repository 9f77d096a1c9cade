"""Named figures of one task, in all and for each class."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torchmetrics.functional.classification import multiclass_confusion_matrix


class Scores(NamedTuple):
    """What predictions are worth.

    Attributes:
        values: the figures by their names, in percent.
        per_class: the same, or some of them, for each class, and counts; NaN for a class that was not there.
        confusion: how often each label (row) was predicted as each other (column).

    Shapes:
        - **confusion:** int64 ``[labels, labels]``
    """

    values: dict[str, float]
    per_class: dict[str, dict[str, float]]  # an int is a count
    confusion: Tensor


def confusion_matrix(predicted: Tensor, truth: Tensor, labels: int) -> Tensor:
    """How often each label (row) was predicted as each other (column), on the CPU.

    Shapes:
        - **predicted**, **truth:** ``[n]``
        - **output:** int64 ``[labels, labels]``
    """
    # torchmetrics takes two labels at least; a data set of one is of little use, and no reason to fail.
    return multiclass_confusion_matrix(predicted, truth, num_classes=max(labels, 2))[:labels, :labels].cpu()
