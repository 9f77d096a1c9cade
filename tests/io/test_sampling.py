"""Clouds of files with a fixed number of points."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.errors import DataError
from conclu_pyg.io.sampling import hash_file, sample_file, subset

RNG = np.random.default_rng(0)


def test_a_subset_has_different_points_in_their_order() -> None:
    points = np.arange(300, dtype=np.float32).reshape(100, 3)
    chosen = subset(points, 40)
    assert chosen.shape == (40, 3) and (np.diff(chosen[:, 0]) > 0).all() and set(chosen[:, 0]) <= set(points[:, 0])
    np.testing.assert_array_equal(subset(points, 40), chosen)
    assert not np.array_equal(subset(points, 40, seed=1), chosen)
    assert subset(points, 100) is points and subset(points, 1000) is points


def test_every_point_is_as_likely(tmp_path: Path) -> None:
    points = np.arange(60, dtype=np.float32).reshape(20, 3)
    counts = sum(np.isin(points[:, 0], subset(points, 5, seed)[:, 0]).astype(int) for seed in range(800))
    assert abs(counts - 200).max() < 60  # five standard deviations


def test_copies_of_a_file_give_the_same_points(tmp_path: Path) -> None:
    points = RNG.normal(size=(500, 3)).astype(np.float32)
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, points)
    a, b = (sample_file(tmp_path / name, 100) for name in ("a.npy", "b.npy"))
    np.testing.assert_array_equal(a.clouds[0].points, b.clouds[0].points)
    assert a.clouds[0].name == "" and a.clouds[0].size == 500 and a.errors == ()
    assert a.sha256 == b.sha256 == hashlib.sha256((tmp_path / "a.npy").read_bytes()).hexdigest()


def test_meshes_are_sampled_and_several_clouds_have_names(tmp_path: Path) -> None:
    (tmp_path / "square.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\n")
    (square,) = sample_file(tmp_path / "square.obj", 64).clouds
    assert square.points.shape == (64, 3) and square.size == 0
    several = RNG.normal(size=(3, 30, 3)).astype(np.float32)
    several[1, :, 0] = np.nan
    np.save(tmp_path / "several.npy", several)
    found = sample_file(tmp_path / "several.npy", 10)
    assert [cloud.name for cloud in found.clouds] == ["0000", "0002"] and len(found.errors) == 1
    assert all(cloud.points.shape == (10, 3) for cloud in found.clouds)


def test_a_file_that_vanishes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        hash_file(tmp_path / "gone.npy")
    assert error.value.file == str(tmp_path / "gone.npy")


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        sample_file(tmp_path / "missing.npy", 10)
