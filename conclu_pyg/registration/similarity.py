"""Similarity transforms: a rotation, perhaps with a mirror, a uniform scale and a translation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Similarity(NamedTuple):
    """The map :math:`x \\mapsto s R x + t`, or a batch of such maps.

    Attributes:
        rotation: R, orthogonal; its determinant is -1 if the map mirrors.
        scale: s, positive.
        translation: t.

    Shapes:
        - **rotation:** ``[*, 3, 3]``, **scale:** ``[*]``, **translation:** ``[*, 3]``; no leading axis for one map
    """

    rotation: np.ndarray
    scale: np.ndarray
    translation: np.ndarray

    @classmethod
    def identity(cls) -> Similarity:
        """Returns the map that moves nothing."""
        return cls(np.eye(3), np.array(1.0), np.zeros(3))

    def at(self, index: Sequence[int] | np.ndarray) -> Similarity:
        """Returns the maps of a batch at indices, as a batch."""
        return Similarity(self.rotation[index], self.scale[index], self.translation[index])

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Returns the points moved by each map.

        Shapes:
            - **points:** ``[N, 3]``
            - **output:** ``[*, N, 3]``
        """
        moved = points @ np.swapaxes(self.rotation, -1, -2)
        return self.scale[..., None, None] * moved + self.translation[..., None, :]

    def inverse(self) -> Similarity:
        """Returns the map back."""
        rotation = np.swapaxes(self.rotation, -1, -2)
        scale = 1 / self.scale
        return Similarity(rotation, scale, -scale[..., None] * (rotation @ self.translation[..., None])[..., 0])

    def after(self, first: Similarity) -> Similarity:
        """Returns the map that applies ``first`` and then this one; each may be a batch."""
        translation = (self.rotation @ first.translation[..., None])[..., 0] * self.scale[..., None]
        return Similarity(self.rotation @ first.rotation, self.scale * first.scale, translation + self.translation)

    @property
    def mirrors(self) -> bool:
        """True if the map exchanges left and right."""
        return bool(np.linalg.det(self.rotation) < 0)

    @property
    def degrees(self) -> float:
        """The angle of the rotation, 0 to 180; of a map that mirrors, that of the rotation about the mirror's normal.

        A mirror in any plane has 0 degrees.
        """
        trace = np.trace(self.rotation)
        sign = -1.0 if self.mirrors else 1.0
        # The sine from the antisymmetric part is exact near 0 and 180 degrees, where the cosine is flat.
        twist = self.rotation - self.rotation.T
        sine = np.sqrt(twist[0, 1] ** 2 + twist[0, 2] ** 2 + twist[1, 2] ** 2) / 2
        return float(np.degrees(np.arctan2(sine, (trace - sign) / 2)))


def fit_rigid(source: np.ndarray, target: np.ndarray, weight: np.ndarray, maps: Similarity) -> Similarity:
    """Returns the maps, at given scales, that bring the source points closest to the target points.

    Minimises the weighted sum of squared distances (Kabsch, "A solution for the best rotation to relate two sets of
    vectors", 1976, with the correction of the sign of Umeyama, 1991, equations 40 to 43).

    Args:
        source: the points to move.
        target: the point where each is to go.
        weight: the weight of each pair, not negative and not all zero.
        maps: the maps whose scale, and mirror if they have one, the result keeps.

    Shapes:
        - **source, target:** ``[S, P, 3]``, **weight:** ``[S, P]``, **maps:** a batch of S maps
        - **output:** a batch of S maps
    """
    weight = (weight / weight.sum(axis=1, keepdims=True))[..., None]
    a, b = (weight * source).sum(axis=1), (weight * target).sum(axis=1)  # (S, 3)
    covariance = np.swapaxes(target - b[:, None], 1, 2) @ (weight * (source - a[:, None]))  # (S, 3, 3)
    u, _, vt = np.linalg.svd(covariance)
    u[:, :, 2] *= np.sign(np.linalg.det(u @ vt) * np.linalg.det(maps.rotation))[:, None]
    rotation = u @ vt
    return Similarity(rotation, maps.scale, b - maps.scale[:, None] * (rotation @ a[..., None])[..., 0])


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """Returns a rotation drawn uniformly from SO(3), ``[3, 3]``."""
    matrix, triangle = np.linalg.qr(rng.normal(size=(3, 3)))
    matrix *= np.sign(np.diag(triangle))
    matrix[:, 2] *= np.sign(np.linalg.det(matrix))
    return matrix
