"""Iterative closest points: many starts at once by point pairs, and one refinement by tangent planes."""

from __future__ import annotations

import numpy as np

from conclu_pyg.io.surface import cross
from conclu_pyg.registration.lookup import NearestPoints
from conclu_pyg.registration.similarity import Similarity, fit_rigid

TRIM = 0.9  # share of the pairs that count, the nearest ones
LOOSE = 1e-3  # eigenvalues below this share of the largest one belong to motions that the planes hardly hold
CONVERGED = 5e-4  # radii and radians, a hundredth of the spacing of 8,192 points
LARGEST_TURN = 0.5  # radians: a linear solution gives no more than the direction of a larger rotation

WIDE = 0.4  # radii: pairs of this distance pull at first, and half as far in each further iteration


def icp(
    a: np.ndarray,
    b: np.ndarray,
    trees: tuple[NearestPoints, NearestPoints],
    starts: Similarity,
    iterations: int,
) -> tuple[Similarity, np.ndarray]:
    """Returns the maps from ``a`` to ``b`` from each start after a number of iterations, and their residuals.

    Each point is paired with the nearest one of the other cloud, in both directions, so that neither a cloud that
    covers a part of the other nor a shrunken one fits well; the farthest tenth of the pairs does not count (trimmed
    ICP: Chetverikov et al., 2002). The scale of a start stays.

    Args:
        a: the points to move.
        b: the points to reach.
        trees: search trees, or tables, of the points of the first and the second shape to pair with.
        starts: maps with a scale; those that mirror are improved as maps that mirror.
        iterations: the number of iterations.

    Shapes:
        - **a:** ``[N, 3]``, **b:** ``[M, 3]``, **starts:** a batch of S maps
        - **output:** a batch of S maps, and the mean distance of the pairs that count before the last fit, ``[S]``
    """
    tree_a, tree_b = trees
    maps, residual = starts, np.zeros(len(starts.scale))
    for _ in range(iterations):
        forth, to_b = tree_b.query(maps.apply(a))  # (S, N)
        back, to_a = tree_a.query(maps.inverse().apply(b))  # (S, M)
        distance = np.concatenate([forth, back * maps.scale[:, None]], axis=1)
        kept = int(np.ceil(TRIM * distance.shape[1]))
        limit = np.partition(distance, kept - 1, axis=1)[:, kept - 1 : kept]
        weight = (distance <= limit).astype(np.float64)
        residual = (distance * weight).sum(axis=1) / weight.sum(axis=1)
        source = np.concatenate([np.broadcast_to(a, (*to_b.shape, 3)), tree_a.data[to_a]], axis=1)
        target = np.concatenate([tree_b.data[to_b], np.broadcast_to(b, (*to_a.shape, 3))], axis=1)
        maps = fit_rigid(source, target, weight, maps)
    return maps, residual


def refine(
    a: np.ndarray,
    b: np.ndarray,
    trees: tuple[NearestPoints, NearestPoints],
    normals: tuple[np.ndarray, np.ndarray],
    start: Similarity,
    iterations: int,
    *,
    turn: bool = True,
    scale: bool = True,
    first: int = 0,
) -> Similarity:
    """Returns one map from ``a`` to ``b``, improved by the distances from tangent planes.

    Minimises the distances of the points from the planes through their nearest points (Chen and Medioni, 1992), in
    both directions, with Geman and McClure's weights at twice the median distance, so that parts which differ do not
    pull. Converges within a few iterations where point pairs slide slowly. Directions that the planes do not hold, such
    as the rotation of a cylinder about its axis, stay as they are.

    Args:
        a: the points to move, of a radius of about 1.
        b: the points to reach, of a radius of about 1.
        trees: search trees of the points of the first and the second shape to pair with.
        normals: the normal of each point of each tree, of either sign.
        start: the map to start from.
        iterations: the number of iterations.
        turn: whether the rotation may change.
        scale: whether the scale may change.
        first: the number of iterations made before, after which distant pairs pull less.

    Shapes:
        - **a:** ``[N, 3]``, **b:** ``[M, 3]``, **normals:** ``[N', 3]`` and ``[M', 3]``
    """
    tree_a, tree_b = trees
    current = start
    columns = [*([0, 1, 2] if turn else []), 3, 4, 5, *([6] if scale else [])]
    for step in range(first, first + iterations):
        moved = current.apply(a)
        _, to_b = tree_b.query(moved)
        _, to_a = tree_a.query(current.inverse().apply(b))
        x = np.concatenate([moved, current.apply(tree_a.data[to_a])])  # (N + M, 3)
        n = np.concatenate([normals[1][to_b], normals[0][to_a] @ current.rotation.T])
        difference = np.concatenate([tree_b.data[to_b], b]) - x
        squared = (difference**2).sum(axis=1)
        width = max(4 * float(np.median(squared)), (WIDE * 0.5**step) ** 2)
        weight = 1 / (1 + squared / width) ** 2
        center = x.mean(axis=0)
        arm = x - center
        jacobian = np.column_stack([cross(arm, n), n, (arm * n).sum(axis=1)])[:, columns]
        solution = np.zeros(7)
        solution[columns] = _solve(jacobian, weight, (difference * n).sum(axis=1))
        current = _step(solution, center).after(current)
        if np.abs(solution).max() < CONVERGED:
            break
    return current


def _solve(jacobian: np.ndarray, weight: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The weighted least squares solution, zero along what the equations hold hardly or not at all."""
    weighted = jacobian * weight[:, None]
    values, vectors = np.linalg.eigh(jacobian.T @ weighted)
    held = values > LOOSE * values[-1]
    return vectors[:, held] @ ((vectors[:, held].T @ (weighted.T @ target)) / values[held])


def _step(solution: np.ndarray, center: np.ndarray) -> Similarity:
    """The map of a solution of the linearised problem: rotation, translation and scale about a center."""
    vector = solution[:3]
    angle = float(np.linalg.norm(vector))
    if angle > LARGEST_TURN:
        vector, angle = vector * (LARGEST_TURN / angle), LARGEST_TURN
    k = np.array([[0, -vector[2], vector[1]], [vector[2], 0, -vector[0]], [-vector[1], vector[0], 0]])
    near = angle < 1e-8
    first = 1.0 if near else np.sin(angle) / angle
    second = 0.5 if near else (1 - np.cos(angle)) / angle**2
    rotation = np.eye(3) + first * k + second * (k @ k)  # Rodrigues' formula
    scale = np.array(np.exp(np.clip(solution[6], -0.2, 0.2)))
    return Similarity(rotation, scale, center + solution[3:6] - scale * (rotation @ center))
