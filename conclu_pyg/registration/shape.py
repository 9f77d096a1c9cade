"""A shape to compare: points of its surface and quantities of them that several comparisons share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from conclu_pyg.data.clean import MAX_COORDINATE
from conclu_pyg.errors import DataError
from conclu_pyg.registration.invariants import Invariants
from conclu_pyg.registration.lookup import NearestPointTable

MIN_POINTS = 32
COARSE_QUERIES, COARSE, FINE_QUERIES, FINE = 96, 384, 1024, 2048
PATCH = 16  # points of a neighbourhood in which deviations are averaged
NORMAL_NEIGHBORS = 10


class Gaps(NamedTuple):
    """Distances of points from the nearest points of a surface's sample.

    Attributes:
        distance: from the nearest point.
        offset: from the tangent plane there, which is much less where the surface is smooth.
    """

    distance: np.ndarray
    offset: np.ndarray

    def at(self, index: np.ndarray) -> Gaps:
        """Returns the gaps at indices."""
        return Gaps(self.distance[index], self.offset[index])

    def over(self, patches: np.ndarray) -> Gaps:
        """Returns the means over patches of points, ``[P]``; ``patches`` are indices ``[P, K]``."""
        return Gaps(self.distance[patches].mean(axis=1), self.offset[patches].mean(axis=1))


@dataclass(frozen=True, eq=False)
class Shape:
    """Points of a surface, with what is known of the file that they are from.

    The points should be drawn independently and by area, such as by :func:`conclu_pyg.io.surface.sample_surface`; 8,192
    of them are recommended: the finest difference that can be seen is about the spacing of the points. A scan is given
    as it is, or as a random subset.

    Args:
        points: the points, finite, at least 32 different ones; they are converted to float64.
        name: the name of the shape in sentences and errors.
        content: a hash of the file's content, the same for files that are the same (default: unknown).
        vertices: the exact corners of the mesh that the points were drawn from (default: none, the points are exact).
        is_complete: whether these are all points of the cloud, so that equal points mean equal clouds (default: yes).

    Shapes:
        - **points:** ``[N, 3]``, **vertices:** ``[V, 3]``

    Raises:
        DataError: the points are not ``[N, 3]``, not finite, or fewer than 32 different ones.
    """

    points: np.ndarray
    name: str = "cloud"
    content: str = ""
    vertices: np.ndarray | None = None
    is_complete: bool = True

    def __post_init__(self) -> None:
        points = np.asarray(self.points, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3:
            raise DataError(
                f"{self.name}: points must be [N, 3], got {list(points.shape)}; give x, y and z alone.",
                file=self.name,
                got=points.shape,
            )
        unusable = int((~(np.abs(points) <= MAX_COORDINATE)).any(axis=1).sum())
        if unusable:
            raise DataError(
                f"{self.name}: points must be finite and at most {MAX_COORDINATE:g} in size, got {unusable} others; "
                "remove them.",
                file=self.name,
                got=unusable,
            )
        object.__setattr__(self, "points", points)
        # Few points are counted exactly. Of many points, enough of the first ones are usually different.
        first_suffice = len(points) > 4 * MIN_POINTS and len(np.unique(points[: 4 * MIN_POINTS], axis=0)) >= MIN_POINTS
        different = len(points) if first_suffice else len(np.unique(points, axis=0))
        if different < MIN_POINTS:
            raise DataError(
                f"{self.name}: expected at least {MIN_POINTS} different points, got {different}; "
                "sample more points from its surface, or leave it out.",
                file=self.name,
                got=different,
            )

    @cached_property
    def centroid(self) -> np.ndarray:
        """The mean of the points, ``[3]``."""
        return self.points.mean(axis=0)

    @cached_property
    def radius(self) -> float:
        """The root mean square distance of the points from their centroid."""
        extent = self.diagonal  # squares of very small coordinates would be zero
        return extent * float(np.sqrt((((self.points - self.centroid) / extent) ** 2).sum(axis=1).mean()))

    @cached_property
    def diagonal(self) -> float:
        """The diagonal of the bounding box."""
        size = np.ptp(self.points, axis=0)
        return float(size.max() * np.linalg.norm(size / size.max()))

    @cached_property
    def normalized(self) -> np.ndarray:
        """The points in a fixed random order with their centroid in the origin and a radius of 1, ``[N, 3]``.

        Scans are ordered in space, so the first points alone would not cover the shape.
        """
        order = np.random.default_rng(0).permutation(len(self.points))
        return (self.points[order] - self.centroid) / self.radius

    @cached_property
    def invariants(self) -> Invariants:
        """Quantities that no motion, scale or mirror changes."""
        return Invariants.of(self.normalized)

    @cached_property
    def tree(self) -> cKDTree:
        """A search tree of the normalised points."""
        return cKDTree(self.normalized)

    @cached_property
    def coarse_table(self) -> NearestPointTable:
        """A table of a few of the normalised points."""
        return NearestPointTable(self.normalized[:COARSE])

    @cached_property
    def fine_tree(self) -> cKDTree:
        """A search tree of as many normalised points as a registration needs."""
        return cKDTree(self.normalized[:FINE])

    @cached_property
    def fine_neighbors(self) -> np.ndarray:
        """Indices of the ten points of :attr:`fine_tree` nearest to each of them, ``[min(N, 2048), 10]``."""
        return self.fine_tree.query(self.normalized[:FINE], k=min(NORMAL_NEIGHBORS, len(self.points)))[1]

    @cached_property
    def fine_normals(self) -> np.ndarray:
        """A unit normal of the surface at each point of :attr:`fine_tree`, of either sign, ``[min(N, 2048), 3]``.

        The direction of the least spread of the nearest ten points.
        """
        near = self.normalized[self.fine_neighbors]
        near = near - near.mean(axis=1, keepdims=True)
        return np.linalg.eigh(np.swapaxes(near, 1, 2) @ near)[1][:, :, 0]

    @cached_property
    def _nearest_fine(self) -> np.ndarray:
        return self.fine_tree.query(self.normalized)[1]

    @cached_property
    def normals(self) -> np.ndarray:
        """The normal of the nearest point of :attr:`fine_tree` at each normalised point, ``[N, 3]``."""
        return self.fine_normals[self._nearest_fine]

    @cached_property
    def patches(self) -> np.ndarray:
        """Indices of the 16 points nearest to each point of :attr:`fine_tree`, ``[min(N, 2048), 16]``."""
        return self.tree.query(self.normalized[:FINE], k=min(PATCH, len(self.points)))[1]

    @cached_property
    def wide_patches(self) -> np.ndarray:
        """Rows of :attr:`patches` that together cover the about 64 points around each of their middles.

        Shapes:
            - **output:** ``[min(N, 2048), K]``, K from 10 (8,192 points and more) to 40
        """
        count = len(self.fine_tree.data)
        number = min(max(NORMAL_NEIGHBORS, 4 * NORMAL_NEIGHBORS * count // len(self.points)), count)
        return self.fine_tree.query(self.normalized[:FINE], k=number)[1]

    @cached_property
    def _nearest_other(self) -> tuple[np.ndarray, np.ndarray]:
        """The distance and the index of the nearest point at another place, ``[N]`` and ``[N]``."""
        distance, index = self.tree.query(self.normalized, k=2)
        distance, other = distance[:, 1], index[:, 1]
        if (distance == 0).any():
            unique, first, inverse = np.unique(self.normalized, axis=0, return_index=True, return_inverse=True)
            apart, index = cKDTree(unique).query(unique, k=2)
            inverse = inverse.reshape(-1)
            distance, other = apart[inverse, 1], first[index[inverse, 1]]
        return distance, other

    @cached_property
    def spacing(self) -> float:
        """The mean distance of a normalised point from the nearest other one."""
        return float(self._nearest_other[0].mean())

    @cached_property
    def own(self) -> Gaps:
        """The distances between the points of this shape: the noise floor of a comparison.

        The distance of a point from the nearest other one is an estimate of its distance from an independent sample of
        the same surface. Points at exactly the same place count once.
        """
        distance, other = self._nearest_other
        offset = np.abs(((self.normalized - self.normalized[other]) * self.normals[other]).sum(axis=1))
        return Gaps(distance, offset)

    @cached_property
    def own_patches(self) -> Gaps:
        """The means of :attr:`own` over :attr:`patches`, ``[min(N, 2048)]``."""
        return self.own.over(self.patches)

    @cached_property
    def own_nearby(self) -> Gaps:
        """The :attr:`own_patches` in whose middle each point is, ``[N]``."""
        return self.own_patches.at(self._nearest_fine)
