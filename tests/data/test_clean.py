"""Rejection and repair of single clouds."""

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.data.clean import FAR_AWAY, NOT_FINITE, clean_points
from conclu_pyg.errors import DataError

CLOUD = np.random.default_rng(0).random((100, 3))


@pytest.mark.parametrize("points", [np.hstack([CLOUD, CLOUD]), CLOUD[:, :2], CLOUD[0], CLOUD[None], CLOUD.astype(str)])
def test_rejects_other_shapes_and_types(points: np.ndarray) -> None:
    with raises(DataError, file="a.h5, cloud 7", got=(points.dtype, points.shape)):
        clean_points(points, "a.h5, cloud 7")


@pytest.mark.parametrize("points", [CLOUD.T, CLOUD.T[None]])
def test_rejects_a_transposed_cloud(points: np.ndarray) -> None:
    with raises(DataError, file="a.h5, cloud 7", got=list(points.shape)):
        clean_points(points, "a.h5, cloud 7")


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (CLOUD[:0], "at least one point"),
        (np.full((5, 3), np.nan), "finite coordinates"),
        (np.full((5, 3), 1e30), "finite coordinates"),
        (np.full((5, 3), 0.25), "points that differ"),
        (CLOUD[:1], "points that differ"),
        (CLOUD * 1e-20, "points that differ"),
    ],
)
def test_rejects_clouds_that_cannot_be_normalised(points: np.ndarray, expected: str) -> None:
    with raises(DataError, file="a.h5, cloud 7", expected=expected):
        clean_points(points, "a.h5, cloud 7")


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (
            CLOUD[:, :2],
            "a: expected numbers of shape [points, 3], got float64 of shape [100, 2]; keep the first three columns if "
            "those are x, y and z, or restore it or remove it from the data set.",
        ),
        (
            CLOUD.T[None],
            "a looks transposed: expected [clouds, points, 3], got [1, 3, 100]; exchange the last two axes, or keep "
            "the first three columns if it really has 3 points.",
        ),
        (CLOUD[:0], "a has no points; restore it or remove it from the data set."),
        (
            np.full((5, 3), np.nan),
            "a: none of its 5 points has three finite coordinates below 1e+15; restore it or remove it from the data "
            "set.",
        ),
        (
            np.full((5, 3), 0.25),
            "a: expected points that differ, got 5 points at (0.25, 0.25, 0.25); restore it or remove it from the data "
            "set.",
        ),
    ],
)
def test_the_text_of_each_rejection(points: np.ndarray, text: str) -> None:
    with pytest.raises(DataError) as caught:
        clean_points(points, "a")
    assert str(caught.value) == text


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e38])
def test_removes_points_that_are_not_finite(bad: float) -> None:
    points = CLOUD.astype(np.float32)
    points[3, 1] = bad
    cleaned = clean_points(points, "a")
    assert cleaned.repairs == [NOT_FINITE] and cleaned.points.dtype == np.float32
    assert np.array_equal(cleaned.points, np.delete(points, 3, axis=0))


def test_moves_a_far_cloud_to_the_origin_before_it_loses_its_digits() -> None:
    cleaned = clean_points(CLOUD + np.array([5e6, 0, 0]), "a")
    assert cleaned.repairs == [FAR_AWAY]
    centred = CLOUD - (CLOUD.max(axis=0) + CLOUD.min(axis=0)) / 2
    assert np.abs(cleaned.points - centred).max() < 1e-6
    assert cleaned.offset is not None
    assert np.abs(cleaned.points + cleaned.offset - CLOUD - np.array([5e6, 0, 0])).max() < 1e-6


def test_leaves_a_valid_cloud_unchanged() -> None:
    points = np.ascontiguousarray(CLOUD, dtype=np.float32)
    twice = np.concatenate([points, points])  # duplicates are allowed
    for cloud in (points, twice):
        cleaned = clean_points(cloud, "a")
        assert np.array_equal(cleaned.points, cloud) and cleaned.repairs == [] and cleaned.offset is None
    assert clean_points(CLOUD * 1e5 + 1e5, "a").repairs == []  # raw units


def test_rows_are_those_of_the_points() -> None:
    broken = np.concatenate([CLOUD[:5], [[np.nan, 0, 0]], CLOUD[5:] + 1e-3])
    points, kept, repairs, _ = clean_points(broken, "a")
    assert np.array_equal(points, broken[kept].astype("f4")) and repairs == [NOT_FINITE]
