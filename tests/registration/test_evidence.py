"""Evidence: each kind of copy is named, near misses and mirror images are not called the same."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from solid_shapes import SYMMETRIC, gate, sample

from conclu_pyg.datasets.shapes.primitives import box
from conclu_pyg.registration import Shape, compare
from conclu_pyg.registration.evidence import same_points
from conclu_pyg.registration.similarity import random_rotation

ROTATION = random_rotation(np.random.default_rng(0))
A = Shape(sample(*gate()), "a")


def other(points: int = 4096) -> np.ndarray:
    return sample(*gate(), seed=1, points=points)


@pytest.mark.parametrize(
    ("kind", "alter"),
    [
        ("resampled", lambda points: points),
        ("moved", lambda points: points + np.array([9, -5, 2])),
        ("rotated", lambda points: points @ ROTATION.T + 1),
        ("rescaled", lambda points: 2.5 * points),
        ("rescaled", lambda points: 0.2 * points @ ROTATION.T),
        ("mirrored", lambda points: points * (1, -1, 1)),
        ("mirrored", lambda points: 3 * points @ ROTATION.T * (1, -1, 1) - 4),
    ],
)
def test_copies_have_their_kind_in_both_orders(kind: str, alter: Callable[[np.ndarray], np.ndarray]) -> None:
    b = Shape(alter(other()), "b")
    found, back = compare(A, b), compare(b, A)
    assert found.kind == back.kind == kind
    assert found.same
    assert found.distance == pytest.approx(found.noise, rel=0.05)
    assert found.scale * back.scale == pytest.approx(1, rel=0.005)
    assert found.rotation_degrees == pytest.approx(back.rotation_degrees, abs=1)
    assert found.mirrored == (kind == "mirrored")
    assert found.transform is not None
    assert f"{found.distance:.2%}" in found.sentence


def test_scale_and_angle_are_reported() -> None:
    cos, sin = math.cos(math.radians(40)), math.sin(math.radians(40))
    found = compare(A, Shape(1.7 * other() @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])))
    assert found.scale == pytest.approx(1.7, rel=0.005)
    assert found.rotation_degrees == pytest.approx(40, abs=0.5)
    assert "1.7" in found.sentence or "1.69" in found.sentence


def test_the_same_content_or_points_are_identical() -> None:
    shuffled = np.random.default_rng(1).permutation(A.points)
    assert compare(A, Shape(shuffled)).kind == "identical"
    assert compare(Shape(A.points, content="x"), Shape(other(), content="x")).kind == "identical"
    assert compare(Shape(A.points, content="x"), Shape(other(), content="y")).kind == "resampled"
    nudged = A.points.copy()
    nudged[0, 0] = np.nextafter(nudged[0, 0], 9)
    assert compare(A, Shape(nudged)).kind == "resampled"


def test_the_same_corners_are_identical_only_with_the_same_surface() -> None:
    """A hole that is closed between corners that exist has the same corners."""
    corners = box(4, 2.4, 0.2).vertices
    exact = Shape(A.points, vertices=corners)
    assert compare(exact, Shape(other(), vertices=corners[::-1])).kind == "identical"
    assert compare(exact, Shape(other(), vertices=corners + 1e-9)).kind == "resampled"
    closed = sample(*gate(), box(0.5, 0.5, 0.0).at(0.2, 0, 0.8), seed=1)
    assert compare(exact, Shape(closed, vertices=corners)).kind == "similar"


@pytest.mark.parametrize(
    "meshes",
    [gate(shift=0.15), gate(size=1.15), gate()[:-1], [*gate(), box(0.5, 0.5, 0.0).at(0.2, 0, 0.8)]],
    ids=["a stub moved", "a stub longer", "a stub missing", "a plate more"],
)
def test_near_misses_are_similar_at_any_place(meshes: list) -> None:
    points = sample(*meshes, seed=2, points=8192)
    a = Shape(sample(*gate(), points=8192))
    for near in (points, 1.5 * points @ ROTATION.T + 3):
        found = compare(a, Shape(near))
        assert found.kind == "similar"
        assert not found.same
        assert "not the same" in found.sentence


@pytest.mark.parametrize("name", SYMMETRIC)
def test_symmetric_shapes_are_neither_mirrored_nor_rotated_at_their_place(name: str) -> None:
    a = Shape(sample(*SYMMETRIC[name]))
    assert compare(a, Shape(sample(*SYMMETRIC[name], seed=1) * (-1, 1, 1))).kind == "resampled"
    found = compare(a, Shape(2 * sample(*SYMMETRIC[name], seed=2) @ ROTATION.T * (-1, 1, 1)))
    assert found.kind == "rescaled"
    assert found.scale == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("sigma", [0.002, 0.005])
def test_noise_is_the_same_shape_at_a_larger_distance(sigma: float) -> None:
    noise = np.random.default_rng(3).normal(size=(4096, 3)) * sigma * A.diagonal
    found = compare(A, Shape(other() + noise))
    assert found.kind == "resampled"
    assert found.distance > compare(A, Shape(other())).distance


def test_other_shapes_are_different() -> None:
    ball, cube = Shape(sample(*SYMMETRIC["ball"]), "ball"), Shape(sample(*SYMMETRIC["cube"]), "cube")
    assert compare(A, ball).kind == "different"
    assert math.isnan(compare(A, ball).distance)
    assert "ball" in compare(A, ball).sentence
    assert not compare(ball, cube).same


def test_a_limit_of_alike_leaves_copies_as_they_are_and_near_misses_out() -> None:
    near = Shape(other() * (1, 1.2, 1.5))
    usual = compare(A, near)
    assert usual.kind == "similar" and usual.distance > 1.5 * usual.noise
    assert compare(A, near, alike=0.9 * usual.distance / usual.noise).kind == "different"
    for alter in (np.eye(3), ROTATION, ROTATION * (1, -1, 1)):
        copy = Shape(2 * other() @ alter.T)
        assert compare(A, copy, alike=0) == compare(A, copy)


def test_shapes_that_are_rejected_early_have_a_distance_of_that_stage() -> None:
    scattered = A.points + np.random.default_rng(2).normal(size=A.points.shape) * 0.06 * A.diagonal
    found = compare(A, Shape(scattered, "scattered"), alike=0)
    assert found.kind == "different" and found.distance > 1.3 * found.noise and math.isnan(found.worst)
    assert f"{found.distance:.2%}" in found.sentence and "short registration" in found.sentence


def test_clouds_with_points_in_common_are_told_from_two_samples_of_one_surface() -> None:
    rng = np.random.default_rng(4)
    half = np.concatenate([A.points[:2048], other()[:2048]])
    for alter in (lambda points: points, lambda points: 2 * points @ ROTATION.T):
        common = compare(A, Shape(alter(rng.permutation(half))))
        assert common.same and common.shares_points and common.distance == pytest.approx(0.5 * common.noise, rel=0.15)
        assert "points in common" in common.sentence
        apart = compare(A, Shape(alter(other())))
        assert apart.same and not apart.shares_points and "points in common" not in apart.sentence
    assert compare(A, Shape(A.points)).shares_points
    assert not compare(A, Shape(half * (1, 1.2, 1.5))).shares_points


def test_the_same_arguments_give_the_same_evidence() -> None:
    b = other() @ ROTATION.T
    first, again = compare(A, Shape(b)), compare(Shape(A.points, "a"), Shape(b))
    assert first == again


def test_same_points_counts_how_often_a_point_occurs() -> None:
    a, b, c = np.eye(3)
    assert same_points(np.array([a, b, a]), np.array([b, a, a]))
    assert not same_points(np.array([a, b, a]), np.array([b, b, a]))
    # Columns alone have the same values.
    assert not same_points(np.array([a + b, c]), np.array([a + c, b]))
    assert not same_points(np.array([a]), np.array([a, a]))
