"""Registration recovers transforms that are known, also of symmetric and incomplete shapes."""

import numpy as np
import pytest
from solid_shapes import SYMMETRIC, gate, sample

from conclu_pyg.registration import Shape, register
from conclu_pyg.registration.similarity import Similarity, random_rotation


def turned(points: np.ndarray, truth: Similarity) -> Shape:
    return Shape(truth.apply(points))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mirror", [False, True])
def test_a_known_transform_is_recovered_from_another_sample(seed: int, mirror: bool) -> None:
    rng = np.random.default_rng(seed)
    rotation = random_rotation(rng) @ np.diag([-1.0 if mirror else 1.0, 1, 1])
    truth = Similarity(rotation, np.array(rng.uniform(0.1, 10)), rng.normal(size=3) * 20)
    found = register(Shape(sample(*gate())), turned(sample(*gate(), seed=9), truth), mirror=mirror)
    assert found.transform.mirrors == mirror
    error = Similarity(found.transform.rotation @ rotation.T, np.array(1.0), np.zeros(3)).degrees
    assert error < 0.5
    assert found.transform.scale == pytest.approx(truth.scale, rel=0.005)
    moved = found.transform.apply(sample(*gate())) - truth.apply(sample(*gate()))
    assert np.linalg.norm(moved, axis=1).max() < 0.005 * 5 * truth.scale


def test_copies_of_the_same_points_are_registered_exactly() -> None:
    rng = np.random.default_rng(5)
    truth = Similarity(random_rotation(rng), np.array(3.0), rng.normal(size=3))
    points = sample(*gate())
    found = register(Shape(points), turned(points, truth))
    np.testing.assert_allclose(found.transform.apply(points), truth.apply(points), atol=1e-3)
    assert found.deviation.distance < 1e-4


@pytest.mark.parametrize("name", SYMMETRIC)
def test_symmetric_shapes_are_registered(name: str) -> None:
    rng = np.random.default_rng(6)
    for seed in range(3):
        truth = Similarity(random_rotation(rng), np.array(0.3), rng.normal(size=3))
        other = turned(sample(*SYMMETRIC[name], seed=seed + 10), truth)
        found = register(Shape(sample(*SYMMETRIC[name])), other).deviation
        assert found.distance < 1.05 * found.noise


def test_outliers_hardly_move_the_registration() -> None:
    rng = np.random.default_rng(7)
    truth = Similarity(random_rotation(rng), np.array(1.0), rng.normal(size=3))
    points = sample(*gate(), seed=3)
    points[:80] = rng.uniform(-3, 3, size=(80, 3))  # 2 %
    found = register(Shape(sample(*gate())), turned(points, truth))
    assert Similarity(found.transform.rotation @ truth.rotation.T, np.array(1.0), np.zeros(3)).degrees < 0.5
    assert found.transform.scale == pytest.approx(1, rel=0.01)


def test_a_fixed_scale_stays_1() -> None:
    found = register(Shape(sample(*gate())), Shape(1.3 * sample(*gate(), seed=1)), scale=False)
    assert found.transform.scale == pytest.approx(1)
