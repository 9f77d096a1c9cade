"""Standardised features."""

from __future__ import annotations

import numpy as np

SMALLEST_SHARE = 1e-3  # of the largest deviation
SMALLEST = 1e-9  # where all features are constant
ROWS = 1 << 14  # that are standardised at once


def feature_scale(deviation: np.ndarray) -> np.ndarray:
    """Returns what each feature is divided by: its standard deviation, or a thousandth of the largest one if that is
    more. A feature that hardly varies would be noise after a division by its own deviation.

    Shapes:
        - **deviation**, **output:** ``[C]``
    """
    return np.maximum(deviation, max(SMALLEST_SHARE * float(deviation.max()), SMALLEST))


def standardise(x: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Returns standardised features of length 1; those without any difference from the mean stay 0.

    Shapes:
        - **x:** ``[n, C]``, **mean**, **scale:** ``[C]``, **output:** float32 ``[n, C]``
    """
    y = np.empty(x.shape, np.float32)
    for start in range(0, len(x), ROWS):  # float64 in between, which a large index has no room for
        part = (x[start : start + ROWS] - mean) / scale
        length = np.linalg.norm(part, axis=1, keepdims=True)
        y[start : start + ROWS] = np.divide(part, length, out=part, where=length > 0)
    return y
