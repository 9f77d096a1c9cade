"""Scales that standardise features."""

from __future__ import annotations

import numpy as np

SMALLEST_SHARE = 1e-3  # of the largest deviation
SMALLEST = 1e-9  # where all features are constant


def feature_scale(deviation: np.ndarray) -> np.ndarray:
    """Returns what each feature is divided by: its standard deviation, or a thousandth of the largest one if that is
    more. A feature that hardly varies would be noise after a division by its own deviation.

    Shapes:
        - **deviation**, **output:** ``[C]``
    """
    return np.maximum(deviation, max(SMALLEST_SHARE * float(deviation.max()), SMALLEST))
