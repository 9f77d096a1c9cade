"""Start rotations of a registration."""

import numpy as np
import pytest

from conclu_pyg.registration.invariants import Invariants
from conclu_pyg.registration.similarity import random_rotation
from conclu_pyg.registration.starts import start_rotations, super_fibonacci


def invariants(sizes: tuple[float, float, float], rotation: np.ndarray) -> Invariants:
    points = np.random.default_rng(0).uniform(-1, 1, size=(500, 3)) * sizes @ rotation.T
    points -= points.mean(axis=0)
    return Invariants.of(points / np.sqrt((points**2).sum(axis=1).mean()))


def angles(rotations: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip((np.einsum("nij,ij->n", rotations, truth) - 1) / 2, -1, 1)))


@pytest.mark.parametrize(("sizes", "number"), [((3, 2, 1), 25), ((3, 1, 1), 97), ((3, 3, 1), 97), ((1, 1, 1), 217)])
def test_starts_are_proper_rotations_and_one_is_near_any_rotation_of_the_shape(
    sizes: tuple[float, float, float], number: int
) -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        truth = random_rotation(rng)
        found = start_rotations(invariants(sizes, np.eye(3)), invariants(sizes, truth))
        assert len(found) == number
        np.testing.assert_array_equal(found[0], np.eye(3))
        np.testing.assert_allclose(found @ np.swapaxes(found, 1, 2), np.broadcast_to(np.eye(3), found.shape), atol=1e-9)
        np.testing.assert_allclose(np.linalg.det(found), 1)
        assert angles(found, truth).min() < 1e-4  # the same points, so the axes are exact


def test_super_fibonacci_covers_all_rotations() -> None:
    rng, found = np.random.default_rng(2), super_fibonacci(192)
    assert max(angles(found, random_rotation(rng)).min() for _ in range(300)) < 40


def test_invariants_do_not_change_with_motion_and_mirror() -> None:
    rng = np.random.default_rng(3)
    a, b = invariants((3, 2, 1), np.eye(3)), invariants((3, 2, 1), -random_rotation(rng))
    assert a.difference(b) < 1e-9
    assert a.difference(invariants((3, 2, 2), np.eye(3))) > 0.1
