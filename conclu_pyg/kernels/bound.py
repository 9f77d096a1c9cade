"""A bound of the smallest keys."""

from __future__ import annotations

import numpy as np

from conclu_pyg.kernels.arrays import Rows
from conclu_pyg.kernels.compilation import kernel


@kernel
def bound(keys: Rows, count: int, k: int) -> np.int64:
    """Return a bound such that k of the first ``count`` keys are up to it; more where keys equal the k-th smallest. By
    bisection: each pass only counts."""
    low, high = np.int64(keys[0]), np.int64(keys[0])
    for i in range(count):
        low, high = min(low, np.int64(keys[i])), max(high, np.int64(keys[i]))
    while low < high:
        middle = np.int32(low + ((high - low) >> 1))
        below = np.int32(0)
        for i in range(count):
            below += np.int32(keys[i] <= middle)
        if below == k:
            return np.int64(middle)
        if below > k:
            high = np.int64(middle)
        else:
            low = np.int64(middle) + 1
    return high
