"""Clouds of any sizes into one array."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.data.packing import pack
from conclu_pyg.datasets.layouts.base import RawCloud
from conclu_pyg.errors import DataError

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


def packed_parts(folder: Path, clouds: list[np.ndarray], parts: list[np.ndarray | None], num_points: int) -> np.ndarray:
    """Packs clouds with parts, checks the points against those without, and gives the parts."""

    def read() -> Iterator[RawCloud]:
        for index, (points, part) in enumerate(zip(clouds, parts, strict=True)):
            yield RawCloud(points, index, f"shape_{index}", f"cloud {index}", part=part)

    with (folder / "with.npy").open("wb") as file, (folder / "part.npy").open("wb") as part_file:
        pack(read, len(clouds), num_points, 0, "Toy", file, part_file)
    assert np.array_equal(np.load(folder / "with.npy"), packed(folder, clouds, num_points)[0])
    return np.load(folder / "part.npy")


@pytest.mark.parametrize("num_points", [8, 20, 35, 100])
@pytest.mark.parametrize("order", [1, -1])
def test_parts_stay_with_their_points(tmp_path: Path, num_points: int, order: int) -> None:
    """Whatever is left out, chosen or repeated: here a point's part is its first coordinate, so that it shows."""
    rng = np.random.default_rng(0)
    parts = [rng.permutation(size) for size in (20, 30, 40)[::order]]
    clouds = [np.column_stack([part, rng.random((len(part), 2))]) for part in parts]
    clouds[1][[3, 7], 2] = np.nan, np.inf
    part = packed_parts(tmp_path, clouds, [*parts[:2], parts[2].astype("u1")], num_points)
    pos = np.load(tmp_path / "with.npy")
    assert part.dtype == np.int64 and np.array_equal(part, pos[..., 0])


@pytest.mark.parametrize("part", [None, np.zeros(29, int), np.zeros((30, 1), int), np.zeros(30), np.array(None)])
def test_parts_that_are_not_one_integer_a_point_are_refused(tmp_path: Path, part: np.ndarray | None) -> None:
    with pytest.raises(DataError, match=r"cloud 1 has 30 points and .* part labels, where an integer for each point"):
        packed_parts(tmp_path, CLOUDS[:2], [np.zeros(20, int), part], 8)
