"""A summary of each cloud of a file, whose size does not depend on the number of points."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from conclu_pyg.data.up_axis import axis_asymmetry
from conclu_pyg.errors import DataError
from conclu_pyg.io.clouds import Cloud, read_clouds
from conclu_pyg.io.sampling import hash_file, name_in_file

MESH_POINTS = 2048  # that are sampled from a mesh to measure it
AXIS_POINTS = 512  # that tell the up axis
QUERIES = 256  # points whose nearest neighbour is searched for
POINTS_AT_ONCE = 1 << 14  # when principal axes are measured
SHIFTS, FACTORS, GOLDEN = (30, 27), (0xBF58476D1CE4E5B9, 0x94D049BB133111EB), 0x9E3779B97F4A7C15
THIN = 1e-3  # of the largest principal extent


class CloudSummary(NamedTuple):
    """The measurements of one cloud.

    Attributes:
        name: the cloud's name within its file; empty for the only one.
        size: the number of usable points that the file has; 0 for a mesh, of which points were sampled.
        extents: of its bounding box, in the unit of the file.
        removed: points that are not finite or too large, which are left out.
        distance: from the origin to the middle of a cloud that is far away and is moved there; 0 for others.
        duplicates: points that repeat another point; 0 for a mesh.
        spacing: median distance of a point to its nearest neighbour, as a share of the diagonal; NaN for a mesh, and
            for fewer than two different points.
        unevenness: the 90th percentile of these distances divided by the 10th; NaN as above.
        thin_axes: the principal axes along which the extent is below a thousandth of the largest: 1 for a flat cloud, 2
            for a line.
        asymmetry: along each axis, see :func:`conclu_pyg.data.up_axis.axis_asymmetry`.
        content: a hash of the points in any order; of a mesh, of its geometry in the order of the file.
        notes: repairs and what was ignored.

    Shapes:
        - **extents, asymmetry:** three numbers
    """

    name: str
    size: int
    extents: tuple[float, ...]
    removed: int
    distance: float
    duplicates: int
    spacing: float
    unevenness: float
    thin_axes: int
    asymmetry: tuple[float, ...]
    content: str
    notes: tuple[str, ...]

    @property
    def is_mesh(self) -> bool:
        return self.size == 0

    @property
    def diagonal(self) -> float:
        """The diagonal of the bounding box."""
        return float(np.linalg.norm(self.extents))


class FileSummary(NamedTuple):
    """The clouds of one file.

    Attributes:
        clouds: those that can be used.
        errors: a sentence for each that cannot.
        sha256: of the file's bytes.
    """

    clouds: tuple[CloudSummary, ...]
    errors: tuple[str, ...]
    sha256: str


def summarize_file(path: Path) -> FileSummary:
    """Returns the measurements of the clouds of a file. A mesh is measured on 2,048 points of its surface.

    Raises:
        ConcluError: as :func:`~conclu_pyg.io.clouds.read_clouds`, for the file as a whole.
    """
    refused: list[DataError] = []
    read = read_clouds(path, mesh_points=MESH_POINTS, unusable=refused.append)
    clouds = tuple(summarize_cloud(cloud, name_in_file(cloud, path)) for cloud in read)
    return FileSummary(clouds, tuple(map(str, refused)), hash_file(path))


def summarize_cloud(cloud: Cloud, name: str) -> CloudSummary:
    """Returns the measurements of a cloud under a name. They do not depend on the order of its points."""
    points, size = cloud.points, 0 if cloud.sampled else len(cloud.points)
    keys = _keys(points)
    order = np.sort(keys)
    duplicates = int((order[1:] == order[:-1]).sum())
    hashed = hashlib.blake2b((order if size else points).tobytes(), digest_size=16)
    hashed.update(f"{size} {None if cloud.offset is None else cloud.offset.tolist()}".encode())
    extents = np.ptp(points, axis=0).astype(np.float64)
    near = np.empty(0)
    if size:
        first = np.unique(keys, return_index=True)[1] if duplicates else slice(None)
        near = nearest_distances(points[first], keys[first]) / np.linalg.norm(extents)
    low, middle, high = np.quantile(near, [0.1, 0.5, 0.9]) if len(near) else (np.nan,) * 3
    return CloudSummary(
        name=name,
        size=size,
        extents=tuple(extents.tolist()),
        removed=cloud.left_out,
        distance=0.0 if cloud.offset is None else float(np.linalg.norm(cloud.offset)),
        duplicates=duplicates if size else 0,
        spacing=float(middle),
        unevenness=float(high / low) if low > 0 else np.nan,
        thin_axes=_thin_axes(points, keys),
        asymmetry=tuple(axis_asymmetry(points[None, _choose(keys, AXIS_POINTS)])[0].tolist()),
        content=hashed.hexdigest(),
        notes=cloud.notes,
    )


def nearest_distances(points: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Returns the distance of up to 256 points to the nearest other point; none for fewer than two.

    Args:
        points: different points.
        keys: a hash of each; the points with the smallest are chosen.

    Shapes:
        - **points:** ``[m, 3]``, **keys:** ``[m]``, **output:** float64 ``[q]``
    """
    if len(points) < 2:
        return np.empty(0)
    tree = cKDTree(points, balanced_tree=False, compact_nodes=False)  # such a tree is built faster
    distances: np.ndarray = tree.query(points[_choose(keys, QUERIES)], 2)[0][:, 1]
    return distances


def _keys(points: np.ndarray) -> np.ndarray:
    """Returns a hash of each point, a pseudorandom order that is reproducible; uint64 ``[m]``.

    Shapes:
        - **points:** float32 ``[m, 3]``
    """
    keys = np.zeros(len(points), np.uint64)
    for column in (points + np.float32(0)).view(np.uint32).T:  # -0 becomes 0
        keys ^= column
        for shift, factor in zip(SHIFTS, FACTORS, strict=True):  # the finaliser of SplitMix64
            keys ^= keys >> np.uint64(shift)
            keys *= np.uint64(factor)
        keys ^= keys >> np.uint64(31)
        keys += np.uint64(GOLDEN)
    return keys


def _choose(keys: np.ndarray, count: int) -> np.ndarray:
    """Returns the rows of the smallest keys, at most ``count``."""
    return np.argpartition(keys, count)[:count] if count < len(keys) else np.arange(len(keys))


def _thin_axes(points: np.ndarray, keys: np.ndarray) -> int:
    """Returns the number of principal axes with an extent below a thousandth of the largest."""
    some = points[_choose(keys, POINTS_AT_ONCE)].astype(np.float64)
    middle = some.mean(axis=0)
    axes = np.linalg.eigh((some - middle).T @ (some - middle))[1]  # (3, 3), in columns
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for start in range(0, len(points), POINTS_AT_ONCE):
        along = (points[start : start + POINTS_AT_ONCE] - middle) @ axes
        low, high = np.minimum(low, along.min(axis=0)), np.maximum(high, along.max(axis=0))
    extents = high - low
    return int((extents < THIN * extents.max()).sum())
