"""Shapes: clouds that cannot be compared are refused, and unusual ones are not."""

import math

import numpy as np
import pytest

from conclu_pyg.errors import DataError
from conclu_pyg.registration import Shape, compare

UNIFORM = np.random.default_rng(0).uniform(size=(400, 3))


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.zeros((1, 3)), np.ones((500, 3)), UNIFORM[:31]])
def test_too_few_different_points_are_refused(points: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"scan: expected at least 32 different points, got \d+; sample more"):
        Shape(points, "scan")


def test_few_points_that_are_different_after_many_that_are_not_are_enough() -> None:
    points = np.concatenate([np.ones((500, 3)), UNIFORM])
    assert len(Shape(points).points) == 900


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e300])
def test_unusable_coordinates_are_refused(bad: float) -> None:
    points = UNIFORM.copy()
    points[3, 1] = bad
    with pytest.raises(DataError, match="finite") as error:
        Shape(points, "scan")
    assert error.value.got == 1
    assert error.value.file == "scan"


@pytest.mark.parametrize("shape", [(300,), (3, 300), (300, 6), (2, 300, 3)])
def test_other_shapes_of_arrays_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"must be \[N, 3\]"):
        Shape(np.zeros(shape))


def test_flat_clouds_are_compared() -> None:
    rng = np.random.default_rng(1)
    a, b, other = (Shape(rng.uniform(size=(600, 3)) * (3, 2, 0)) for _ in range(3))
    assert compare(a, b).kind == "resampled"
    moved = compare(a, Shape(other.points[:, [1, 2, 0]] + 7))
    assert moved.kind in ("moved", "rotated", "rescaled")
    assert moved.distance < 1.3 * moved.noise


def test_points_on_a_line_are_registered() -> None:
    """Random points leave long gaps on a line, so two samples may only be similar."""
    rng = np.random.default_rng(2)
    a, b = (rng.uniform(size=(600, 1)) * (3, 2, 1) for _ in range(2))
    found = compare(Shape(a), Shape(b[:, ::-1] + 7))
    assert found.kind != "different"
    assert found.distance < 1.5 * found.noise


@pytest.mark.parametrize("scale", [1e-200, 1e-6, 1e6, 1e14])
def test_the_unit_of_the_coordinates_does_not_matter(scale: float) -> None:
    rng = np.random.default_rng(2)
    a, b = rng.uniform(size=(600, 3)) * (3, 2, 0.5), rng.uniform(size=(600, 3)) * (3, 2, 0.5)
    unscaled, scaled = compare(Shape(a), Shape(b)), compare(Shape(a * scale), Shape(b * scale))
    assert scaled.kind == unscaled.kind == "resampled"
    assert scaled.distance == pytest.approx(unscaled.distance, rel=1e-6)
