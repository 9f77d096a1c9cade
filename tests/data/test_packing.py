"""Clouds of any sizes into one array."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from conclu_pyg.data.layouts.base import RawCloud
from conclu_pyg.data.packing import pack

CLOUDS = [np.random.default_rng(size).random((size, 3)) for size in (20, 30, 40)]


def packed(folder: Path, clouds: list[np.ndarray], num_points: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    def read() -> Iterator[RawCloud]:
        for index, points in enumerate(clouds):
            yield RawCloud(points, index, f"shape_{index}", f"cloud {index}")

    with (folder / "pos.npy").open("wb") as file:
        result = pack(read, len(clouds), num_points, seed, "Toy", file)
    assert result.labels == list(range(len(clouds))) and result.names == [f"shape_{i}" for i in result.labels]
    return np.load(folder / "pos.npy"), result.notices


def test_the_largest_cloud_sets_the_size_and_others_are_filled_up(tmp_path: Path) -> None:
    clouds = [CLOUDS[0][:size] for size in (5, 6, 7, 6, 7)]
    pos, notices = packed(tmp_path, clouds, 100)
    assert pos.shape == (5, 7, 3) and pos.dtype == np.float32
    assert [len(np.unique(cloud, axis=0)) for cloud in pos] == [5, 6, 7, 6, 7]
    assert notices == [
        "Toy: 3 of 5 clouds: too few points, filled up by repeating some (cloud 0; cloud 1; cloud 3).",
        "Toy: dataset.num_points is 100, but no cloud has more than 7 points; all 7 are used.",
    ]


def test_larger_clouds_are_chosen_from_by_name_alone(tmp_path: Path) -> None:
    pos, notices = packed(tmp_path, CLOUDS, 8)
    assert pos.shape == (3, 8, 3) and notices == []
    assert np.array_equal(packed(tmp_path, CLOUDS[:2], 8)[0], pos[:2])
    assert not np.array_equal(packed(tmp_path, CLOUDS, 8, seed=1)[0], pos)
    assert not np.array_equal(pos[0], CLOUDS[0][:8].astype(np.float32))


def test_a_cloud_with_a_broken_point_keeps_its_size(tmp_path: Path) -> None:
    first = CLOUDS[0].copy()
    first[3] = np.nan
    pos, notices = packed(tmp_path, [first, CLOUDS[1][:20], CLOUDS[2][:20]], 100)
    assert pos.shape == (3, 20, 3) and np.isfinite(pos).all()
    assert notices[0] == "Toy: 1 of 3 clouds: points that are not finite numbers were left out (cloud 0)."
