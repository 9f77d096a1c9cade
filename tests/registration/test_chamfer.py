"""Chamfer distances against loops over all pairs of points."""

import numpy as np
import pytest

from conclu_pyg.registration.alignment import in_normalized_coordinates
from conclu_pyg.registration.chamfer import chamfer, deviation
from conclu_pyg.registration.shape import Shape
from conclu_pyg.registration.similarity import Similarity, random_rotation


def brute_force(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    pairs = np.linalg.norm(a[:, None] - b[None], axis=2)
    forth, back = pairs.min(axis=1), pairs.min(axis=0)
    return (forth.mean() + back.mean()) / 2, max(np.quantile(forth, 0.95), np.quantile(back, 0.95))


def test_chamfer_is_the_mean_of_both_directions() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(200, 3)), rng.normal(size=(150, 3)) * (1, 2, 3)
    assert chamfer(a, b) == pytest.approx(brute_force(a, b))
    assert chamfer(b, a) == pytest.approx(chamfer(a, b))


def test_deviation_is_in_diagonals_of_the_first_shape() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(300, 3)) * (3, 2, 1) + 50, rng.normal(size=(200, 3)) * (3, 2, 1)
    transform = Similarity(random_rotation(rng), np.array(2.5), np.array([4.0, 5.0, 6.0]))
    found = deviation(Shape(a), Shape(b), in_normalized_coordinates(Shape(a), Shape(b), transform))
    back = (b - transform.translation) @ transform.rotation / 2.5  # the second cloud in the frame of the first
    distance, worst = brute_force(a, back)
    diagonal = np.linalg.norm(a.max(axis=0) - a.min(axis=0))
    assert found.distance == pytest.approx(distance / diagonal)
    assert found.worst == pytest.approx(worst / diagonal)


def test_noise_is_the_distance_of_independent_samples() -> None:
    rng = np.random.default_rng(2)

    def draw() -> np.ndarray:
        points = rng.normal(size=(2000, 3))
        return points / np.linalg.norm(points, axis=1, keepdims=True)

    a, b = Shape(draw()), Shape(draw())
    found = deviation(a, b, in_normalized_coordinates(a, b, Similarity.identity()))
    assert found.noise == pytest.approx(found.distance, rel=0.05)
    assert found.spot < 3.2
    assert found.patch < 2.15
    assert found.offset < 0.8
    assert found.error < 0.02 * found.distance


def test_points_that_coincide_do_not_lower_the_noise_floor() -> None:
    points = np.random.default_rng(3).normal(size=(300, 3))
    once, twice = Shape(points), Shape(np.concatenate([points, points]))
    assert twice.own.distance.mean() * twice.radius == pytest.approx(once.own.distance.mean() * once.radius)
