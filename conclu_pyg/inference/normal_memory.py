"""A memory of the features of normal clouds, and the distances of other clouds to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conclu_pyg.errors import ArgumentError
from conclu_pyg.inference.feature_scale import feature_scale
from conclu_pyg.inference.local_features import CloudFeatures

if TYPE_CHECKING:
    from scipy.spatial import KDTree

NEAREST = 3  # normal clouds: the distance of a cloud as a whole is the mean of these distances
MAX_ROWS = 20_000  # local features
TOP_SHARE = 0.01  # of the points of a cloud: the local distance is the mean of theirs


class Distances(NamedTuple):
    """The distances of a cloud to the normal ones.

    Attributes:
        whole: of the pooled features, to the nearest normal clouds.
        points: of the local feature of each point, to the nearest one in the memory.

    Shapes:
        - **points:** float64 ``[m]``
    """

    whole: float
    points: np.ndarray

    @property
    def local(self) -> float:
        """The mean of the highest 1 % of the distances of points, at least one."""
        count = max(1, round(TOP_SHARE * len(self.points)))
        return float(np.sort(self.points)[-count:].mean())


@dataclass(frozen=True)
class NormalMemory:
    """Features of normal clouds: the pooled ones of each, and a random choice of local ones, as many of each cloud, at
    most about 20,000 in all, as in PatchCore (Roth et al., "Towards total recall in industrial anomaly detection",
    2022).

    Attributes:
        x: pooled features, standardised.
        mean, scale: of the pooled features.
        rows: local features.
        owner: the normal cloud of each of them.

    Shapes:
        - **x:** float64 ``[n, C]``, **mean, scale:** float64 ``[C]``, **rows:** float32 ``[r, 3]``, **owner:** int64
          ``[r]``
    """

    x: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    rows: np.ndarray
    owner: np.ndarray

    @classmethod
    def of(
        cls,
        features: Iterable[CloudFeatures],
        count: int,
        statistics: tuple[np.ndarray, np.ndarray] | None = None,
        seed: int = 0,
    ) -> NormalMemory:
        """Returns the memory of normal clouds. It does not depend on their order, up to rounding.

        Args:
            features: of each cloud.
            count: the number of clouds.
            statistics: the mean and the standard deviation of the pooled features (default: those of the clouds).
            seed: of the choice of local features (default: 0).

        Raises:
            ArgumentError: there are fewer than two clouds.
        """
        if count < 2:
            raise ArgumentError(f"expected at least 2 normal clouds, got {count}.", argument="count", got=count)
        share = max(1, MAX_ROWS // count)
        pooled, rows = [], []
        for each in features:
            pooled.append(each.pooled)
            rows.append(each.local[_choice(len(each.local), share, seed)])
        x = np.array(pooled, np.float64)
        mean, deviation = (x.mean(axis=0), x.std(axis=0)) if statistics is None else statistics
        scale = feature_scale(deviation)
        owner = np.repeat(np.arange(len(rows)), [len(each) for each in rows])
        return cls((x - mean) / scale, mean, scale, np.concatenate(rows), owner)

    def __len__(self) -> int:
        return len(self.x)

    def distances(self, features: CloudFeatures, leave_out: Sequence[int] = ()) -> Distances:
        """Returns the distances of a cloud to the memory.

        Args:
            features: of the cloud.
            leave_out: normal clouds that are not compared with, as the cloud itself (default: none).

        Raises:
            ArgumentError: no normal cloud is left.
        """
        left = np.ones(len(self), bool)
        left[list(leave_out)] = False
        if not left.any():
            raise ArgumentError("no normal cloud is left to compare with.", argument="leave_out", got=len(leave_out))
        standard = (features.pooled - self.mean) / self.scale
        whole = np.sort(np.sqrt(np.square(self.x[left] - standard).mean(axis=1)))
        tree = _tree(self.rows[left[self.owner]]) if leave_out else self._tree
        points, _ = tree.query(features.local)
        return Distances(float(whole[:NEAREST].mean()), points)

    @cached_property
    def _tree(self) -> KDTree:
        return _tree(self.rows)


def _tree(rows: np.ndarray) -> KDTree:
    from scipy.spatial import KDTree

    return KDTree(rows)


def _choice(size: int, count: int, seed: int) -> np.ndarray:
    """Returns rows chosen at random, in ascending order; all if there are not more than ``count``."""
    return np.sort(np.random.default_rng(seed).choice(size, min(size, count), replace=False, shuffle=False))
