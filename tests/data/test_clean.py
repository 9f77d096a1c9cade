"""What is refused in a cloud and what is mended."""

import numpy as np
import pytest

from conclu_pyg.data.clean import FAR_AWAY, FILLED_UP, NOT_FINITE, mend, mend_rows, resize, resized_rows
from conclu_pyg.data.seeds import shape_rng
from conclu_pyg.errors import DataError

CLOUD = np.random.default_rng(0).random((100, 3))


@pytest.mark.parametrize(
    ("points", "found"),
    [
        (np.hstack([CLOUD, CLOUD]), r"an array of float64 of shape \[100, 6\], where numbers of shape \[points, 3\]"),
        (CLOUD[:, :2], r"\[100, 2\].* keep its first three columns"),
        (CLOUD[0], r"of shape \[3\]"),
        (CLOUD[None], r"of shape \[1, 100, 3\]"),
        (CLOUD.astype(str), "an array of <U"),
        (CLOUD.T, r"looks transposed: found \[3, 100\], expected \[points, 3\]; exchange the last two axes, or keep"),
        (CLOUD.T[None], r"looks transposed: found \[1, 3, 100\], expected \[clouds, points, 3\]"),
        (CLOUD[:0], "has no points"),
        (np.full((5, 3), np.nan), "none with three finite coordinates"),
        (np.full((5, 3), 1e30), "none with three finite coordinates"),
        (np.full((5, 3), 0.25), "all in one place \\(0.25, 0.25, 0.25\\)"),
        (CLOUD[:1], "1 points, all in one place"),
        (CLOUD * 1e-20, "all in one place"),
    ],
)
def test_refuses_what_cannot_be_normalised(points: np.ndarray, found: str) -> None:
    with pytest.raises(DataError, match=found) as caught:
        mend(points, "a.h5, cloud 7")
    assert str(caught.value).startswith("a.h5, cloud 7 ") and str(caught.value).endswith(".")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e38])
def test_leaves_out_points_that_are_not_finite(bad: float) -> None:
    points = CLOUD.astype(np.float32)
    points[3, 1] = bad
    mended, repairs = mend(points, "a")
    assert repairs == [NOT_FINITE] and mended.dtype == np.float32
    assert np.array_equal(mended, np.delete(points, 3, axis=0))


def test_moves_a_far_cloud_to_the_origin_before_it_loses_its_digits() -> None:
    mended, repairs = mend(CLOUD + np.array([5e6, 0, 0]), "a")
    assert repairs == [FAR_AWAY]
    centred = CLOUD - (CLOUD.max(axis=0) + CLOUD.min(axis=0)) / 2
    assert np.abs(mended - centred).max() < 1e-6
    offset = mend_rows(CLOUD + np.array([5e6, 0, 0]), "a").offset
    assert offset is not None and np.abs(mended + offset - CLOUD - np.array([5e6, 0, 0])).max() < 1e-6
    assert mend_rows(CLOUD, "a").offset is None


def test_leaves_a_sound_cloud_as_it_is() -> None:
    points = np.ascontiguousarray(CLOUD, dtype=np.float32)
    assert np.array_equal(mend(points, "a")[0], points) and mend(points, "a")[1] == []
    twice = np.concatenate([points, points])  # some duplicates are no fault
    assert np.array_equal(mend(twice, "a")[0], twice)
    assert mend(CLOUD * 1e5 + 1e5, "a")[1] == []  # raw units


def test_chooses_points_without_repeating_one() -> None:
    chosen, repairs = resize(CLOUD, 60, shape_rng(0, "a"))
    assert repairs == [] and len(np.unique(chosen, axis=0)) == 60
    assert not np.array_equal(chosen, CLOUD[:60])
    assert np.array_equal(chosen, resize(CLOUD, 60, shape_rng(0, "a"))[0])
    assert np.array_equal(resize(CLOUD, 100, shape_rng(0, "a"))[0], CLOUD)


def test_fills_up_evenly() -> None:
    filled, repairs = resize(CLOUD, 250, shape_rng(0, "a"))
    assert repairs == [FILLED_UP] and np.array_equal(filled[:100], CLOUD)
    counts = np.unique(filled, axis=0, return_counts=True)[1]
    assert len(counts) == 100 and counts.min() == 2 and counts.max() == 3


@pytest.mark.parametrize("num_points", [60, 99, 100, 250])
def test_rows_are_those_of_the_points(num_points: int) -> None:
    broken = np.concatenate([CLOUD[:5], [[np.nan, 0, 0]], CLOUD[5:] + 1e-3])
    points, kept, repairs, _ = mend_rows(broken, "a")
    assert np.array_equal(points, broken[kept].astype("f4")) and repairs == mend(broken, "a")[1] == [NOT_FINITE]
    rows, filled = resized_rows(len(points), num_points, shape_rng(0, "a"))
    again, filled_again = resize(points, num_points, shape_rng(0, "a"))
    assert np.array_equal(points[rows], again) and filled == filled_again and len(again) == num_points
