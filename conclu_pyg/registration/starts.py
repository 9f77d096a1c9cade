"""Start rotations of a registration: principal axes onto each other, in all orders and directions."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np

from conclu_pyg.registration.invariants import Invariants

NEARLY_EQUAL = 0.75  # ratio of two moments below which their axes cannot be exchanged by noise or a small difference
ANGLES = (22.5, 45.0, 67.5)  # degrees about an ambiguous axis; the 24 rotations add the multiples of 90
SPREAD = 192  # rotations for a shape without clear axes


def start_rotations(a: Invariants, b: Invariants) -> np.ndarray:
    """Returns proper rotations from which a registration of the first shape to the second may start.

    The first one is the identity. The next 24 map the principal axes onto each other. If two moments of a shape are
    nearly equal, their axes may have any direction in their plane, so the rotations about the third axis by 22.5, 45
    and 67.5 degrees are added to each; if all three are, 192 rotations that cover SO(3) evenly are added.

    Shapes:
        - **output:** ``[25, 3, 3]``, ``[97, 3, 3]`` or ``[217, 3, 3]``
    """
    frames = _cube()
    first, second = (
        min(a.moments[i + 1] / max(a.moments[i], 1e-12), b.moments[i + 1] / max(b.moments[i], 1e-12)) for i in (0, 1)
    )
    if first > NEARLY_EQUAL and second > NEARLY_EQUAL:
        return np.concatenate([np.eye(3)[None], b.axes @ frames @ a.axes.T, super_fibonacci(SPREAD)])
    if max(first, second) > NEARLY_EQUAL:
        axis = 2 if first > second else 0
        turns = [_turn(axis, angle) for angle in (0.0, *ANGLES)]
        frames = np.concatenate([turn @ frames for turn in turns])
    return np.concatenate([np.eye(3)[None], b.axes @ frames @ a.axes.T])


@cache
def _cube() -> np.ndarray:
    """The 24 rotations of a cube onto itself, ``[24, 3, 3]``."""
    signed = [
        np.eye(3)[list(order)] * sign
        for order in itertools.permutations(range(3))
        for sign in itertools.product((1.0, -1.0), repeat=3)
    ]
    return np.array([matrix for matrix in signed if np.linalg.det(matrix) > 0])


def _turn(axis: int, degrees: float) -> np.ndarray:
    """The rotation about a coordinate axis, ``[3, 3]``."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = cos, -sin, sin, cos
    return matrix


def super_fibonacci(number: int) -> np.ndarray:
    """Returns rotations that cover SO(3) evenly, ``[number, 3, 3]``.

    Alexa, "Super-Fibonacci Spirals: Fast, Low-Discrepancy Sampling of SO(3)", CVPR 2022, algorithm 1.
    """
    phi, psi = np.sqrt(2.0), 1.533751168755204288118041
    s = np.arange(number) + 0.5
    r, rest = np.sqrt(s / number), np.sqrt(1 - s / number)
    alpha, beta = 2 * np.pi * s / phi, 2 * np.pi * s / psi
    x, y, z, w = r * np.sin(alpha), r * np.cos(alpha), rest * np.sin(beta), rest * np.cos(beta)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)
