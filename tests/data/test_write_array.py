"""Clouds of any size written as one array."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.data.cached_split import load_split
from conclu_pyg.data.clean import RawCloud, clean_points
from conclu_pyg.data.read_report import SKIPPED, ReadReport, Skip
from conclu_pyg.data.resize import resize, shape_rng
from conclu_pyg.data.write_array import write_split
from conclu_pyg.errors import DataError

CLOUDS = [np.random.default_rng(size).random((size, 3)) for size in (20, 30, 40)]


def write(
    folder: Path,
    clouds: list[np.ndarray],
    num_points: int,
    seed: int = 0,
    parts: list[np.ndarray | None] | None = None,
    count: int | None = None,
) -> tuple[np.ndarray, list[str]]:
    """Writes the clouds and returns the points and the notices."""

    def read() -> Iterator[RawCloud]:
        for index, points in enumerate(clouds):
            part = None if parts is None else parts[index]
            yield RawCloud(points, index, f"shape_{index}", f"cloud {index}", part=part)

    folder.mkdir(exist_ok=True)
    count = len(clouds) if count is None else count
    write_split(folder, read(), title="Toy", count=count, num_points=num_points, seed=seed, parts=parts is not None)
    stored = load_split(folder, parts=parts is not None)
    assert stored is not None and stored.y.tolist() == list(range(len(clouds)))
    assert stored.names == [f"shape_{index}" for index in range(len(clouds))]
    pos = np.load(folder / "pos.npy")
    assert np.array_equal(pos, stored.pos), "a checksum differs"
    assert parts is None or np.array_equal(np.load(folder / "part.npy"), stored.part)
    return pos, stored.notices


def test_the_largest_cloud_sets_the_size_and_others_are_filled_up(tmp_path: Path) -> None:
    clouds = [CLOUDS[0][:size] for size in (5, 6, 7, 6, 7)]
    pos, notices = write(tmp_path, clouds, 100)
    assert pos.shape == (5, 7, 3) and pos.dtype == np.float32
    assert [len(np.unique(cloud, axis=0)) for cloud in pos] == [5, 6, 7, 6, 7]
    assert notices == [
        "Toy: 3 of 5 clouds: too few points, filled up by repeating some (cloud 0; cloud 1; cloud 3).",
        "Toy: dataset.num_points is 100, but no cloud has more than 7 points; all 7 are used.",
    ]


@pytest.mark.parametrize("num_points", [1, 5, 6, 7, 100])
@pytest.mark.parametrize("sizes", [(5, 6, 7, 6, 7), (7, 5, 6), (7, 7, 7), (1, 50, 2, 49), (9, 8, 7, 6, 5, 10)])
def test_each_cloud_is_resized_by_its_own_generator(tmp_path: Path, sizes: tuple[int, ...], num_points: int) -> None:
    clouds = [np.random.default_rng(index).random((size, 3)) for index, size in enumerate(sizes)]
    if sizes[0] == 1:
        clouds[0] = np.concatenate([clouds[0], clouds[0] + 1])  # one point alone is rejected
    pos, _ = write(tmp_path, clouds, num_points)
    width = min(num_points, max(map(len, clouds)))
    for index, cloud in enumerate(clouds):
        cleaned = clean_points(cloud, "a").points
        np.testing.assert_array_equal(pos[index], resize(cleaned, width, shape_rng(0, f"shape_{index}"))[0])
    assert (tmp_path / "pos.npy").stat().st_size == 128 + pos.nbytes


def test_points_of_larger_clouds_are_chosen_by_name_only(tmp_path: Path) -> None:
    pos, notices = write(tmp_path / "a", CLOUDS, 8)
    assert pos.shape == (3, 8, 3) and notices == []
    assert np.array_equal(write(tmp_path / "b", CLOUDS[:2], 8)[0], pos[:2])
    assert not np.array_equal(write(tmp_path / "c", CLOUDS, 8, seed=1)[0], pos)
    assert not np.array_equal(pos[0], CLOUDS[0][:8].astype(np.float32))


def test_a_cloud_with_a_broken_point_keeps_its_size(tmp_path: Path) -> None:
    first = CLOUDS[0].copy()
    first[3] = np.nan
    pos, notices = write(tmp_path, [first, CLOUDS[1][:20], CLOUDS[2][:20]], 100)
    assert pos.shape == (3, 20, 3) and np.isfinite(pos).all()
    assert notices[0] == "Toy: 1 of 3 clouds: points that are not finite numbers were removed (cloud 0)."


@pytest.mark.parametrize("num_points", [8, 20, 35, 100])
@pytest.mark.parametrize("order", [1, -1])
def test_parts_stay_with_their_points(tmp_path: Path, num_points: int, order: int) -> None:
    """The part of a point is its first coordinate, so that removed, chosen and repeated points can be checked."""
    rng = np.random.default_rng(0)
    parts = [rng.permutation(size) for size in (20, 30, 40)[::order]]
    clouds = [np.column_stack([part, rng.random((len(part), 2))]) for part in parts]
    clouds[1][[3, 7], 2] = np.nan, np.inf
    pos, _ = write(tmp_path / "a", clouds, num_points, parts=[*parts[:2], parts[2].astype("u1")])
    part = np.load(tmp_path / "a" / "part.npy")
    assert part.dtype == np.int64 and np.array_equal(part, pos[..., 0])
    assert np.array_equal(pos, write(tmp_path / "b", clouds, num_points)[0])


@pytest.mark.parametrize("part", [None, np.zeros(29, int), np.zeros((30, 1), int), np.zeros(30), np.array(None)])
def test_parts_must_be_one_integer_for_each_point(tmp_path: Path, part: np.ndarray | None) -> None:
    with raises(DataError, argument="part"):
        write(tmp_path, CLOUDS[:2], 8, parts=[np.zeros(20, int), part])


def test_clouds_that_vanish_while_they_are_read_are_noticed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected 4 clouds, got 3"):
        write(tmp_path, CLOUDS, 8, count=4)


def test_room_for_filling_up_is_checked(tmp_path: Path, monkeypatch: Any) -> None:
    free = iter([10_000, 1])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=next(free)))
    with pytest.raises(DataError, match=r"the cache needs .* MB in"):
        write(tmp_path, CLOUDS, 100)


def test_the_number_of_clouds_may_be_unknown(tmp_path: Path) -> None:
    """The arrays are those of a known number, and what was left out is reported."""
    report = ReadReport(5)
    state = []

    def read() -> Iterator[RawCloud]:
        try:
            for index, points in enumerate(CLOUDS):
                yield RawCloud(points, index, f"shape_{index}", f"cloud {index}")
                report.skips.append(Skip(f"=file {index}", f"file {index} is broken."))
            report.skips.append(Skip("=file 2", "file 2 is broken twice."))
            report.notices.append("A note.")
        finally:
            state.append("closed")

    expected, _ = write(tmp_path / "known", CLOUDS, 25)
    folder = tmp_path / "unknown"
    folder.mkdir()
    write_split(folder, read(), title="Toy", count=None, num_points=25, seed=0, report=report)
    stored = load_split(folder)
    assert stored is not None and np.array_equal(stored.pos, expected) and stored.y.tolist() == [0, 1, 2]
    assert stored.notices[-2:] == [
        "A note.",
        "Toy: 3 of 5 files could not be used or not completely, and were skipped (file 0 is broken; file 1 is broken; "
        f"file 2 is broken; …); the list is in {folder / SKIPPED}.",
    ]
    lines = (folder / SKIPPED).read_text().splitlines()
    assert lines == [
        "file,reason",
        *(f"'=file {i},file {i} is broken." for i in range(3)),
        "'=file 2,file 2 is broken twice.",
    ]
    with raises(DataError, got=0):
        write_split(tmp_path, iter(()), title="Toy", count=None, num_points=8, seed=0)
    assert state == ["closed"]


def test_a_generator_of_clouds_is_closed_after_an_error(tmp_path: Path) -> None:
    closed = []

    def read() -> Iterator[RawCloud]:
        try:
            yield RawCloud(np.full((20, 3), np.nan), 0, "a", "cloud a")
        finally:
            closed.append(True)

    with raises(DataError, file="cloud a") as error:
        write_split(tmp_path, read(), title="Toy", count=None, num_points=8, seed=0)
    assert closed and error.value  # while the traceback still holds the generator


def test_cleaned_clouds_are_not_cleaned_again(tmp_path: Path) -> None:
    """Points that were cleaned, and are far away by their own choice of points, stay where they are."""
    far = (np.random.default_rng(0).random((20, 3)) + np.array([1e6, 0, 0])).astype(np.float32)
    for cleaned, same in ((True, True), (False, False)):
        folder = tmp_path / str(cleaned)
        folder.mkdir()
        clouds = [RawCloud(far, 0, "a", "cloud a", cleaned=cleaned)]
        write_split(folder, clouds, title="Toy", count=1, num_points=20, seed=0)
        assert np.array_equal(np.load(folder / "pos.npy")[0], far) == same
