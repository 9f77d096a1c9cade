"""Rejection and repair of single clouds."""

import numpy as np
import pytest

from conclu_pyg.data.clean import FAR_AWAY, NOT_FINITE, clean_points
from conclu_pyg.errors import DataError

CLOUD = np.random.default_rng(0).random((100, 3))


@pytest.mark.parametrize(
    ("points", "found"),
    [
        (np.hstack([CLOUD, CLOUD]), r"expected numbers of shape \[points, 3\], got float64 of shape \[100, 6\]"),
        (CLOUD[:, :2], r"\[100, 2\].* keep the first three columns"),
        (CLOUD[0], r"of shape \[3\]"),
        (CLOUD[None], r"of shape \[1, 100, 3\]"),
        (CLOUD.astype(str), "got <U"),
        (CLOUD.T, r"looks transposed: expected \[points, 3\], got \[3, 100\]; exchange the last two axes, or keep"),
        (CLOUD.T[None], r"looks transposed: expected \[clouds, points, 3\], got \[1, 3, 100\]"),
        (CLOUD[:0], "has no points"),
        (np.full((5, 3), np.nan), "none of its 5 points has three finite coordinates"),
        (np.full((5, 3), 1e30), "none of its 5 points has three finite coordinates"),
        (np.full((5, 3), 0.25), "all of its 5 points coincide \\(0.25, 0.25, 0.25\\)"),
        (CLOUD[:1], "all of its 1 points coincide"),
        (CLOUD * 1e-20, "points coincide"),
    ],
)
def test_rejects_clouds_that_cannot_be_normalised(points: np.ndarray, found: str) -> None:
    with pytest.raises(DataError, match=found) as caught:
        clean_points(points, "a.h5, cloud 7")
    assert str(caught.value).startswith("a.h5, cloud 7") and str(caught.value).endswith(".")


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
