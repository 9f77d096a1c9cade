"""Similarity transforms: composition, inverse, angles and the closed form of Kabsch and Umeyama."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from conclu_pyg.registration.similarity import Similarity, fit_rigid, random_rotation

MIRROR = np.diag([-1.0, 1.0, 1.0])


def draw(rng: np.random.Generator) -> Similarity:
    return Similarity(random_rotation(rng), np.array(rng.uniform(0.2, 5)), rng.normal(size=3))


def test_inverse_and_composition_act_on_points_in_turn() -> None:
    rng = np.random.default_rng(0)
    first, second, points = draw(rng), draw(rng), rng.normal(size=(7, 3))
    by_hand = np.stack([first.scale * first.rotation @ point + first.translation for point in points])
    np.testing.assert_allclose(first.apply(points), by_hand)
    np.testing.assert_allclose(second.after(first).apply(points), second.apply(by_hand))
    np.testing.assert_allclose(first.inverse().apply(by_hand), points, atol=1e-12)


@pytest.mark.parametrize("degrees", [0.0, 1e-6, 30.0, 90.0, 179.9999, 180.0])
def test_degrees_are_the_angle_of_the_rotation(degrees: float) -> None:
    axis = np.array([1.0, 2.0, -2.0]) / 3
    rotation = Rotation.from_rotvec(np.radians(degrees) * axis).as_matrix()
    turned = Similarity(rotation, np.array(1.0), np.zeros(3))
    assert turned.degrees == pytest.approx(degrees, abs=1e-7)
    assert not turned.mirrors


def test_a_mirror_in_any_plane_has_no_angle() -> None:
    normal = np.array([0.6, 0.0, 0.8])
    mirror = Similarity(np.eye(3) - 2 * np.outer(normal, normal), np.array(1.0), np.zeros(3))
    assert mirror.mirrors
    assert mirror.degrees == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("mirrors", [False, True])
def test_fit_recovers_maps_and_ignores_points_without_weight(mirrors: bool) -> None:
    rng = np.random.default_rng(1)
    truth = [draw(rng) for _ in range(3)]
    if mirrors:
        truth = [each._replace(rotation=each.rotation @ MIRROR) for each in truth]
    source = rng.normal(size=(3, 9, 3))
    target = np.stack([each.apply(points) for each, points in zip(truth, source, strict=True)])
    target[:, 0] += 100.0
    weight = np.ones((3, 9))
    weight[:, 0] = 0.0
    start = Similarity(
        np.stack([MIRROR if mirrors else np.eye(3)] * 3), np.array([each.scale for each in truth]), np.zeros((3, 3))
    )
    found = fit_rigid(source, target, weight, start)
    np.testing.assert_allclose(found.rotation, [each.rotation for each in truth], atol=1e-12)
    np.testing.assert_allclose(found.translation, [each.translation for each in truth], atol=1e-12)


def test_fit_agrees_with_scipy_on_noisy_pairs() -> None:
    rng = np.random.default_rng(2)
    source, target, weight = rng.normal(size=(20, 3)), rng.normal(size=(20, 3)), rng.uniform(0.1, 1, size=20)
    start = Similarity(np.eye(3)[None], np.ones(1), np.zeros((1, 3)))
    found = fit_rigid(source[None], target[None], weight[None], start)
    a, b = np.average(source, axis=0, weights=weight), np.average(target, axis=0, weights=weight)
    expected, _ = Rotation.align_vectors(target - b, source - a, weights=weight)
    np.testing.assert_allclose(found.rotation[0], expected.as_matrix(), atol=1e-10)
