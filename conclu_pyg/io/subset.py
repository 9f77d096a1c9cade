"""Some points of a cloud, chosen at random; needs NumPy alone."""

from __future__ import annotations

import numpy as np


def subset(points: np.ndarray, num_points: int, seed: int = 0) -> np.ndarray:
    """Returns ``num_points`` points in their order, chosen at random, or all if there are not more."""
    if len(points) <= num_points:
        return points
    chosen = np.random.default_rng(seed).choice(len(points), num_points, replace=False, shuffle=False)
    return points[np.sort(chosen)]
