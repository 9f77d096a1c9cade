"""Rejection and repair of single clouds."""

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.data.clean import FAR_AWAY, NOT_FINITE, TOO_LARGE, clean_points
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
        (np.full((5, 3), 1e30), "coordinates below 1e+15"),
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
            np.full((5, 3), 1e20),
            "a: none of its 5 points has three coordinates below 1e+15; restore it or remove it from the data set.",
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


@pytest.mark.parametrize(
    ("bad", "repair"), [(np.nan, NOT_FINITE), (np.inf, NOT_FINITE), (-np.inf, NOT_FINITE), (1e38, TOO_LARGE)]
)
def test_removes_points_that_are_not_finite_or_too_large(bad: float, repair: str) -> None:
    points = CLOUD.astype(np.float32)
    points[3, 1] = bad
    cleaned = clean_points(points, "a")
    assert cleaned.repairs == [repair] and cleaned.points.dtype == np.float32
    assert np.array_equal(cleaned.points, np.delete(points, 3, axis=0))


def test_points_that_are_not_finite_and_too_large_are_told_apart() -> None:
    points = CLOUD.copy()
    points[3, 1], points[5, 0], points[6] = np.nan, -1e20, (np.inf, 1e20, 0)
    cleaned = clean_points(points, "a")
    assert cleaned.repairs == [NOT_FINITE, TOO_LARGE]
    assert np.array_equal(cleaned.points, np.delete(points, [3, 5, 6], axis=0).astype(np.float32))
    assert TOO_LARGE == "points with a coordinate beyond the limit of 1e+15 were removed"


SCAN = np.random.default_rng(1).uniform(0, 1, (5000, 3))
GRID = np.array([155_000.0, 463_000.0, 2.0])  # a national grid, in metres


@pytest.mark.parametrize(
    ("points", "largest_error"),
    [
        (CLOUD + np.array([5e6, 0, 0]), 1e-6),
        (SCAN * [150, 150, 20] + GRID, 5e-6),
        (SCAN * [5000, 5000, 200] + GRID, 2e-4),
        (SCAN * [50_000, 50_000, 200] + GRID, 2e-3),
        (1000 * (SCAN * [150, 150, 20] + GRID), 5e-3),  # in millimetres
        (SCAN * 0.01 + [0, 300, 0], 5e-10),  # a small part in a large frame
    ],
)
def test_moves_a_far_cloud_to_the_origin_before_float32_rounds_it(points: np.ndarray, largest_error: float) -> None:
    cleaned = clean_points(points, "a")
    assert cleaned.repairs == [FAR_AWAY] and cleaned.offset is not None
    error = np.abs(cleaned.points.astype(np.float64) + cleaned.offset - points).max(axis=1)
    assert np.quantile(error, 0.99) <= largest_error < np.abs(points.astype(np.float32) - points).max() / 4
    assert np.abs(np.median(cleaned.points, axis=0)).max() <= largest_error


@pytest.mark.parametrize("missing", [40, 4000, 9000])
def test_missing_returns_at_the_origin_do_not_hide_the_distance(missing: int) -> None:
    points = np.concatenate([SCAN * 20 + GRID, np.zeros((missing, 3))])
    cleaned = clean_points(points, "a")
    assert cleaned.offset is not None
    assert np.abs(cleaned.points.astype(np.float64) + cleaned.offset - points)[:5000].max() <= 1e-6


def test_a_long_corridor_keeps_the_digits_of_its_width() -> None:
    points = SCAN * [130_000, 10, 5] + GRID
    cleaned = clean_points(points, "a")
    assert cleaned.offset is not None
    error = np.abs(cleaned.points.astype(np.float64) + cleaned.offset - points).max(axis=0)
    assert error[1] < 1e-6 < 1e-2 < np.abs(points.astype(np.float32) - points)[:, 1].max()


def test_a_plate_away_from_the_origin_stays() -> None:
    plate = SCAN * [1, 1, 0.001] + [0, 0, 0.5]
    assert clean_points(plate, "a").offset is None
    assert clean_points(SCAN * [1, 1, 0] + [0, 0, 0.5], "a").offset is None


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e5])
def test_a_cloud_near_the_origin_stays(scale: float) -> None:
    for points in (SCAN * scale, (SCAN + 3) * scale, (SCAN - 1) * scale):
        cleaned = clean_points(points, "a")
        assert cleaned.offset is None and np.array_equal(cleaned.points, points.astype(np.float32))


def test_numbers_that_float32_holds_stay_up_to_the_distance_at_which_arithmetic_suffers() -> None:
    single = CLOUD.astype(np.float32) + np.float32(1000)
    for points in (single, single.astype(np.float64)):
        cleaned = clean_points(points, "a")
        assert cleaned.offset is None and np.array_equal(cleaned.points, single)
    moved = clean_points(CLOUD.astype(np.float32) + np.float32(1e5), "a")
    assert moved.offset is not None
    assert np.array_equal(moved.points + moved.offset, CLOUD.astype(np.float32) + np.float32(1e5))


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32])
def test_integers_over_the_whole_range_of_their_type(dtype: type) -> None:
    kind = np.iinfo(dtype)
    points = np.random.default_rng(0).integers(kind.min, kind.max, (200, 3), dtype=dtype, endpoint=True)
    points[0], points[1] = kind.min, kind.max
    if kind.bits == 64:
        points //= 10_000  # within the largest coordinate
    cleaned = clean_points(points, "a")
    wanted = points.astype(np.float64)
    assert len(cleaned.points) == 200 and cleaned.repairs == [] and cleaned.offset is None
    assert np.abs(cleaned.points - wanted).max() <= np.spacing(np.float32(np.abs(wanted).max())) / 2


def test_half_floats_are_not_mistaken_for_far_or_infinite_points() -> None:
    points = (CLOUD * 60_000).astype(np.float16)
    assert clean_points(points, "a").repairs == []
    points[::10] = np.inf
    cleaned = clean_points(points, "a")
    assert cleaned.repairs == [NOT_FINITE] and len(cleaned.points) == 90
    assert np.array_equal(cleaned.points, points[np.isfinite(points).all(axis=1)].astype(np.float32))
    longer = clean_points(CLOUD.astype(np.longdouble), "a")
    assert np.array_equal(longer.points, CLOUD.astype(np.float32))


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


def test_the_place_of_a_cloud_follows_from_medians() -> None:
    rng = np.random.default_rng(0)
    moved = 0
    for _ in range(300):
        place = 10.0 ** rng.uniform(-3, 6, 3) * rng.choice([0.0, 1.0], 3)
        points = rng.normal(size=(rng.integers(2, 40), 3)) * 10.0 ** rng.uniform(-3, 3, 3) + place
        middle = np.median(points, axis=0)
        deviation = np.median(np.abs(points - middle), axis=0)
        is_far = np.abs(middle).max() > 16 * deviation.max() or (np.abs(middle) > 16384 * deviation).any()
        offset = clean_points(points, "a").offset
        assert (offset is not None) == is_far
        moved += is_far
        assert offset is None or np.allclose(offset, middle)
    assert 50 < moved < 250
