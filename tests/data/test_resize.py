"""Resampling to a fixed number of points, and the random numbers of one shape."""

import numpy as np
import pytest

from conclu_pyg.data.resize import FILLED_UP, resize, resize_rows, shape_rng

CLOUD = np.random.default_rng(0).random((100, 3))


def draw(seed: int, name: str) -> int:
    return int(shape_rng(seed, name).integers(1 << 30))


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
    rows, filled = resize_rows(len(CLOUD), num_points, shape_rng(0, "a"))
    again, filled_again = resize(CLOUD, num_points, shape_rng(0, "a"))
    assert np.array_equal(CLOUD[rows], again) and filled == filled_again and len(again) == num_points


def test_the_generator_depends_on_seed_and_name() -> None:
    assert draw(0, "chair/chair_0001") == draw(0, "chair/chair_0001")
    assert len({draw(0, "chair/chair_0001"), draw(1, "chair/chair_0001"), draw(0, "chair/chair_0002")}) == 3
    assert draw(0, "stuhl/st\u00fchle") != draw(0, "caf\udce9")  # a file name that is not UTF-8


def test_the_generator_does_not_change_between_versions() -> None:
    assert draw(0, "chair/chair_0001") == 1070606486
