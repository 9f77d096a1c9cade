"""Named figures of one task, in all and for each class."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Scores(NamedTuple):
    """What predictions are worth.

    Attributes:
        values: the figures by their names, in percent.
        per_class: the same, or some of them, for each class; NaN for a class that was not there.
        confusion: how often each label (row) was predicted as each other (column).

    Shapes:
        - **confusion:** int64 ``[labels, labels]``
    """

    values: dict[str, float]
    per_class: dict[str, dict[str, float]]
    confusion: Tensor
