"""Measurement of the up axis."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from conclu_pyg.data.up_axis import measure_up_axis

RNG = np.random.default_rng(0)
# Heavy at the bottom, symmetric to the sides.
UPRIGHT = RNG.normal(size=(60, 500, 3)) * [1, 1, 0] + RNG.exponential(size=(60, 500, 3)) * [0, 0, 1]
CLASSES = np.arange(60) % 6


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_finds_the_axis_that_clouds_were_turned_to(axis: int) -> None:
    assert measure_up_axis(np.roll(UPRIGHT, axis - 2, axis=2), CLASSES) == axis


def test_does_not_guess() -> None:
    symmetric = RNG.normal(size=(60, 500, 3))
    assert measure_up_axis(symmetric, CLASSES) is None
    assert measure_up_axis(UPRIGHT[:31], CLASSES[:31]) is None  # too few clouds
    assert measure_up_axis(UPRIGHT, CLASSES % 4) is None  # too few classes
    assert measure_up_axis(np.zeros((60, 5, 3)), CLASSES) is None
    assert measure_up_axis(np.full((60, 5, 3), np.nan), CLASSES) is None


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("folder", ["modelnet10_ply_hdf5_1024", "modelnet40_ply_hdf5_1024"])
def test_finds_it_on_real_shapes(conclu_data: Path, folder: str, axis: int) -> None:
    with h5py.File(conclu_data / folder / "ply_data_train1.h5") as file:
        pos, y = file["data"][:256], file["label"][:256, 0]
    assert measure_up_axis(np.roll(pos, axis - 2, axis=2), y) == axis
