"""Quantities of a shape that no motion, scale or mirror changes, to reject pairs before they are registered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

QUANTILES = np.linspace(0.02, 0.98, 25)


class Invariants(NamedTuple):
    """Scale-free invariants of a shape of radius 1.

    Attributes:
        moments: the variances along the principal axes, descending; their sum is 1.
        axes: the principal axes as columns, a right-handed frame.
        radii: quantiles of the distances from the centroid.

    Shapes:
        - **moments:** ``[3]``, **axes:** ``[3, 3]``, **radii:** ``[25]``
    """

    moments: np.ndarray
    axes: np.ndarray
    radii: np.ndarray

    @classmethod
    def of(cls, points: np.ndarray) -> Invariants:
        """Returns the invariants of normalised points, ``[N, 3]``."""
        values, axes = np.linalg.eigh(points.T @ points / len(points))
        values, axes = values[::-1], axes[:, ::-1].copy()
        axes[:, 2] *= np.sign(np.linalg.det(axes))
        return cls(values, axes, np.quantile(np.linalg.norm(points, axis=1), QUANTILES))

    def difference(self, other: Invariants) -> float:
        """Returns the larger of two differences, in radii: of the spreads along axes, and of the quantiles' mean."""
        spread = np.abs(np.sqrt(self.moments.clip(0)) - np.sqrt(other.moments.clip(0))).max()
        return float(max(spread, np.abs(self.radii - other.radii).mean()))
