"""Triangulation of the polygons of meshes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from conclu_pyg.data.clean import MAX_COORDINATE
from conclu_pyg.io.refusals import refused
from conclu_pyg.io.surface import cross
from conclu_pyg.text import pluralize

# A triangle of a fan may lie outside of its polygon by this part of the polygon's area: corners on a line are rounded.
ROUNDING = 1e-6
MAX_CORNERS = 10_000  # of a polygon that is not convex; earcut takes a second for as many
CHUNK = 1 << 18  # corners whose coordinates are gathered at once


def triangulate(vertices: np.ndarray, corners: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Divides polygons into triangles.

    A polygon of the corners :math:`c_0, c_1, c_2, ...` becomes the fan :math:`(c_0, c_1, c_2), (c_0, c_2, c_3), ...`,
    where this lies inside it, as in every convex polygon. Others are projected along their normal (Newell's method: the
    sum of the cross products of successive corners) and become a fan from their second corner, as every other simple
    quadrilateral can, or are cut by mapbox_earcut. Of a self-intersecting polygon the result is arbitrary.

    Faces without an area, among them those of fewer than three different corners, are left out, and so are polygons
    that are not convex and have more than 10,000 corners. If a corner is not finite, all triangles of its polygon have
    it, so that :func:`~conclu_pyg.io.surface.clean_mesh` removes them.

    Args:
        vertices: the coordinates, in any number type.
        corners: the corners of all polygons, one polygon after the other, as indices into ``vertices`` that were
            checked (:func:`check_corners`).
        sizes: the number of corners of each polygon.

    Shapes:
        - **vertices:** ``[V, 3]``, **corners:** ``[sum of sizes]``, **sizes:** ``[F]``
        - **output:** triangles int64 ``[T, 3]``, first those of all polygons with as many corners as the first polygon,
          and so on; and a note about faces that were left out, if there are any
    """
    corners, sizes = np.asarray(corners, np.int64).reshape(-1), np.asarray(sizes, np.int64)
    fans, left_out = [np.empty((0, 3), np.int64)], [0, 0]
    for polygons in _by_size(corners, sizes):
        step = max(1, CHUNK // max(1, polygons.shape[1]))
        for start in range(0, len(polygons), step):
            chunk = polygons[start : start + step]
            triangles, skipped = _triangulate_equal(vertices, chunk)
            fans.append(triangles)
            left_out[polygons.shape[1] > MAX_CORNERS] += skipped
    kinds = ("without area", f"without area or not convex, with more than {MAX_CORNERS:,} corners,")
    notes = tuple(f"{pluralize(n, 'face')} {kind} left out" for n, kind in zip(left_out, kinds, strict=True) if n)
    return np.concatenate(fans), notes


def check_corners(corners: np.ndarray, num_vertices: int, path: Path) -> None:
    """Rejects corners of faces that do not exist.

    Args:
        corners: the vertices of the faces, counted from 0.
        num_vertices: the number of vertices of the mesh.
        path: the file.

    Raises:
        DataError: a number is negative or too large.
    """
    if not corners.size or (corners.min() >= 0 and corners.max() < num_vertices):
        return
    wrong = int(corners[(corners < 0) | (corners >= num_vertices)][0])
    possible = f"must be 0 to {num_vertices - 1}" if num_vertices else "do not exist, as it has none"
    raise refused(path, f"the vertices of its faces {possible}, got {wrong}", got=wrong)


def _by_size(corners: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
    """Returns the polygons of each number of corners, int64 ``[n, size]``; the size that comes first is first."""
    if len(sizes) and (sizes == sizes[0]).all():
        return [corners.reshape(len(sizes), int(sizes[0]))]
    ends = np.cumsum(sizes)
    order = np.argsort(sizes, kind="stable")
    found, first, count = np.unique(sizes[order], return_index=True, return_counts=True)
    groups = [order[start : start + n] for start, n in zip(first, count, strict=True)]
    by_size = sorted(zip(groups, found, strict=True), key=lambda group: group[0][0])
    return [corners[(ends[faces] - size)[:, None] + np.arange(size)] for faces, size in by_size]


def _triangulate_equal(vertices: np.ndarray, polygons: np.ndarray) -> tuple[np.ndarray, int]:
    """Divides polygons with equally many corners.

    Shapes:
        - **polygons:** ``[n, k]``
        - **output:** ``[t, 3]``, and the number of polygons that were left out
    """
    size = polygons.shape[1]
    if size < 3:
        return np.empty((0, 3), np.int64), len(polygons)
    with np.errstate(invalid="ignore", over="ignore"):  # coordinates that are not finite
        normals = _fan_normals(vertices, polygons)  # (n, k - 2, 3)
        has_area = np.asarray(normals.any(axis=(1, 2)))
        if size == 3 or not len(polygons):
            return (polygons if has_area.all() else polygons[has_area]), int((~has_area).sum())
        finite = (np.abs(vertices[polygons].astype(np.float64)) <= MAX_COORDINATE).all(axis=2)  # (n, k)
        broken = ~finite.all(axis=1)
        fits = _fits(normals) | ~has_area | broken
    polygons = polygons.copy()
    shift = np.argmin(finite, axis=1)  # the first corner that is not finite
    for index in np.flatnonzero(broken & (shift > 0)):
        polygons[index] = np.roll(polygons[index], -shift[index])
    others = np.flatnonzero(~fits)
    rolled = np.roll(polygons[others], -1, axis=1)
    fits_rolled = _fits(_fan_normals(vertices, rolled))
    polygons[others[fits_rolled]] = rolled[fits_rolled]
    cut = others[~fits_rolled]
    if size > MAX_CORNERS and len(cut):
        has_area[cut] = False  # left out: earcut takes minutes for such a polygon
        cut = cut[:0]
    fans = has_area.copy()
    fans[cut] = False
    triangles = [_fans(polygons[fans])]
    triangles += [_cut(vertices, polygons[index], normals[index].sum(axis=0)) for index in cut]
    return np.concatenate(triangles), int((~has_area).sum())


def _fans(polygons: np.ndarray) -> np.ndarray:
    """Returns the triangles of the fans from the first corners, ``[n * (k - 2), 3]``."""
    first = np.broadcast_to(polygons[:, :1], (len(polygons), polygons.shape[1] - 2))
    return np.stack([first, polygons[:, 1:-1], polygons[:, 2:]], axis=-1).reshape(-1, 3)


def _fan_normals(vertices: np.ndarray, polygons: np.ndarray) -> np.ndarray:
    """Returns normals of the triangles of the fans from the first corners, twice as long as their area.

    Shapes:
        - **polygons:** ``[n, k]``, **output:** float64 ``[n, k - 2, 3]``
    """
    first = vertices[polygons[:, :1]].astype(np.float64)
    sides = vertices[polygons[:, 1:]].astype(np.float64) - first  # (n, k - 1, 3)
    normals = cross(sides[:, :-1].reshape(-1, 3), sides[:, 1:].reshape(-1, 3))
    return normals.reshape(len(polygons), polygons.shape[1] - 2, 3)


def _fits(normals: np.ndarray) -> np.ndarray:
    """Returns whether the fans lie in their polygons: no triangle is turned over.

    Shapes:
        - **normals:** ``[n, k - 2, 3]`` of the triangles of the fans, **output:** bool ``[n]``
    """
    total = normals.sum(axis=1)  # Newell's normal
    scale = np.abs(total).max(axis=1, keepdims=True)
    scale[~(scale > 0)] = 1
    length = np.linalg.norm(total / scale, axis=1)
    heights = ((normals / scale[:, None]) @ (total / scale)[:, :, None])[:, :, 0]  # times the length
    fits: np.ndarray = (heights >= -ROUNDING * length[:, None] ** 2).all(axis=1) & (length > 0)
    return fits


def _cut(vertices: np.ndarray, polygon: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Divides one polygon of any shape.

    Shapes:
        - **polygon:** ``[k]``, **normal:** ``[3]``, **output:** ``[t, 3]``
    """
    from mapbox_earcut import triangulate_float64

    # The plane of two axes that shows the polygon the largest keeps its corners exact.
    axis = int(np.abs(normal).argmax())
    plane = [(axis + 1) % 3, (axis + 2) % 3]
    flat = np.ascontiguousarray(vertices[polygon][:, plane], np.float64)
    triangles: np.ndarray = polygon[triangulate_float64(flat, np.array([len(polygon)], np.uint32)).astype(np.int64)]
    return triangles.reshape(-1, 3) if len(triangles) else _fans(polygon[None])
