"""Clouds of files with a fixed number of points."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.io.blocks import Blocks
from conclu_pyg.io.sampling import hash_file, sample_file
from conclu_pyg.io.subset import subset

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


def scene(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """Two squares of 10 x 10 x 10, of 60 and 8 points, which a block of 10 separates."""
    points = RNG.uniform(0, 10, size=(68, 3)).astype(np.float32)
    points[0], points[-1] = 0, [20, 10, 10]
    points[60:-1, 0] += 10
    np.save(tmp_path / "scene.npy", points)
    return tmp_path / "scene.npy", points


def test_scenes_are_cut_into_blocks(tmp_path: Path) -> None:
    path, points = scene(tmp_path)
    found = sample_file(path, 1000, blocks=Blocks(10.0, overlap=0.0))
    (block,) = found.clouds
    assert (block.name, block.size, found.small_blocks, found.errors) == ("block_0_0", 60, 1, ())
    np.testing.assert_array_equal(block.points, points[:60])
    few = sample_file(path, 7, blocks=Blocks(10.0, overlap=0.0, min_points=2)).clouds
    assert [(each.name, each.size, len(each.points)) for each in few] == [("block_0_0", 60, 7), ("block_1_0", 8, 7)]
    assert set(map(tuple, few[1].points)) <= set(map(tuple, points[60:]))
    none = sample_file(path, 7, blocks=Blocks(0.1))
    assert none.clouds == () and "all of its blocks have fewer than 16" in none.errors[0]


def test_blocks_of_meshes_are_dense(tmp_path: Path) -> None:
    (tmp_path / "strip.obj").write_text("v 0 0 0\nv 100 0 0\nv 100 1 0\nv 0 1 0\nf 1 2 3 4\n")
    blocks = sample_file(tmp_path / "strip.obj", 64, blocks=Blocks(1.0, overlap=0.0)).clouds
    assert len(blocks) == 100 and all(len(each.points) == 64 and each.size == 0 for each in blocks)


@pytest.mark.parametrize("values", [(0.0, 0.5), (-1.0, 0.5), (float("nan"), 0.5), (1.0, 1.0), (1.0, -0.1)])
def test_impossible_blocks_are_refused(values: tuple[float, float]) -> None:
    with pytest.raises(ConfigError):
        Blocks(*values)
