"""The cache: built once, whole or not at all, and read-only from then on."""

import errno
import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conclu_pyg.data.cache import CachedSplit, Recipe, cached_split
from conclu_pyg.datasets.layouts.base import RawCloud
from conclu_pyg.errors import DataError


class Source:
    """Clouds from memory, which counts how often it is read."""

    def __init__(self, folder: Path, sizes: list[int], num_points: int = 8, seed: int = 0) -> None:
        self.file = folder / "source.bin"
        if not self.file.exists():
            self.file.write_text("clouds")
        rng = np.random.default_rng(0)
        self.clouds = [rng.random((size, 3)) for size in sizes]
        self.num_points, self.seed, self.reads = num_points, seed, 0

    def read(self) -> Iterator[RawCloud]:
        self.reads += 1
        for index, points in enumerate(self.clouds):
            yield RawCloud(points, index % 3, f"shape_{index}", f"source.bin, cloud {index}")

    def open(self, folder: Path) -> CachedSplit:
        recipe = Recipe(
            "Toy train",
            ("toy",),
            self.file.parent,
            [self.file],
            self.num_points,
            self.seed,
            lambda: len(self.clouds),
            self.read,
        )
        return cached_split(recipe, folder / "cache")


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "cache").iterdir())


def test_builds_once_and_maps_read_only(tmp_path: Path) -> None:
    source = Source(tmp_path, [8, 8, 8])
    first, second = source.open(tmp_path), source.open(tmp_path)
    assert source.reads == 1 and len(entries(tmp_path)) == 1
    for split in (first, second):
        assert isinstance(split.pos, np.memmap) and not split.pos.flags.writeable
        assert split.pos.dtype == np.float32 and np.array_equal(split.pos, np.array(source.clouds, np.float32))
        assert split.y.dtype == np.int64 and split.y.tolist() == [0, 1, 2]
        assert split.names == ["shape_0", "shape_1", "shape_2"] and split.notices == []


def test_another_file_seed_or_number_of_points_is_another_entry(tmp_path: Path) -> None:
    source = Source(tmp_path, [9, 9])
    source.open(tmp_path)
    os.utime(source.file, ns=(1, 1))
    source.open(tmp_path)
    source.file.write_text("other clouds")
    source.open(tmp_path)
    Source(tmp_path, [9, 9], seed=1).open(tmp_path)
    Source(tmp_path, [9, 9], num_points=7).open(tmp_path)
    assert source.reads == 3 and len(entries(tmp_path)) == 5


def test_another_spelling_of_the_folder_is_the_same_entry(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path, Path(), tmp_path / "other" / ".."):
        Source(folder, [9, 9]).open(tmp_path if folder.is_absolute() else folder)
    assert len(entries(tmp_path)) == 1


def test_the_folder_is_one_by_whichever_link_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    source = Source(tmp_path / "real", [9, 9])
    source.open(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "deep").symlink_to(tmp_path / "real" / "deep")
    for folder in (tmp_path / "link", tmp_path / "link" / "deep" / "..", tmp_path / "deep" / ".."):
        source.file = folder / "source.bin"
        source.open(tmp_path)
    assert source.reads == 1 and len(entries(tmp_path)) == 1


def test_another_link_to_the_same_file_is_another_entry(tmp_path: Path) -> None:
    """Where a file lies may tell its class, so that a link moved to another class must not find the old entry."""
    source = Source(tmp_path, [9, 9])
    source.open(tmp_path)
    (tmp_path / "link.bin").symlink_to(source.file)
    source.file = tmp_path / "link.bin"
    source.open(tmp_path)
    assert source.reads == 2 and len(entries(tmp_path)) == 2


def test_a_refused_cloud_leaves_nothing(tmp_path: Path) -> None:
    source = Source(tmp_path, [8, 0, 8])
    with pytest.raises(DataError, match="cloud 1 has no points"):
        source.open(tmp_path)
    assert entries(tmp_path) == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_build_leaves_nothing(tmp_path: Path, interruption: type[BaseException]) -> None:
    source = Source(tmp_path, [8, 8])

    def clouds() -> Iterator[RawCloud]:
        yield next(source.read())
        raise interruption

    recipe = Recipe("Toy train", ("toy",), tmp_path, [source.file], 8, 0, lambda: 2, clouds)
    with pytest.raises(interruption):
        cached_split(recipe, tmp_path / "cache")
    assert entries(tmp_path) == []


def test_clouds_that_vanish_while_they_are_read_are_noticed(tmp_path: Path) -> None:
    source = Source(tmp_path, [8, 8])
    recipe = Recipe("Toy train", ("toy",), tmp_path, [source.file], 8, 0, lambda: 3, source.read)
    with pytest.raises(DataError, match="3 clouds were announced and 2 read"):
        cached_split(recipe, tmp_path / "cache")


def test_a_split_without_clouds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Toy train has no clouds"):
        Source(tmp_path, []).open(tmp_path)


@pytest.mark.parametrize("damage", ["pos.npy", "y.npy", "about.json", "truncated", "garbled", "other"])
def test_a_damaged_entry_is_built_anew(tmp_path: Path, damage: str) -> None:
    source = Source(tmp_path, [8, 8, 8])
    expected = np.array(source.open(tmp_path).pos)
    entry = tmp_path / "cache" / entries(tmp_path)[0]
    if damage == "truncated":
        os.truncate(entry / "pos.npy", 150)
    elif damage == "garbled":
        (entry / "about.json").write_text("[1, 2")
    elif damage == "other":
        (entry / "about.json").write_text(json.dumps({"names": ["one"], "notices": []}))
    else:
        (entry / damage).unlink()
    assert np.array_equal(source.open(tmp_path).pos, expected)
    assert source.reads == 2 and len(entries(tmp_path)) == 1


def test_a_link_to_nowhere_is_named(tmp_path: Path) -> None:
    source = Source(tmp_path, [8])
    source.file.unlink()
    with pytest.raises(DataError, match=r"source\.bin cannot be read \(No such file or directory\)"):
        source.open(tmp_path)


def test_what_a_killed_build_left_is_removed_after_a_day(tmp_path: Path) -> None:
    fresh, old = (tmp_path / "cache" / f".unfinished-{name}" for name in ("fresh", "old"))
    for path in (fresh, old):
        path.mkdir(parents=True)
        (path / "pos.npy").touch()
    os.utime(old, (0, 0))
    Source(tmp_path, [8]).open(tmp_path)
    assert fresh.exists() and not old.exists()


def _open_in_process(folder: Path, barrier: Any, results: Any) -> None:
    source = Source(folder, [8] * 300)
    barrier.wait(60)
    results.put((float(source.open(folder).pos.sum()), source.reads))


def test_processes_that_build_at_once_agree(tmp_path: Path) -> None:
    Source(tmp_path, [8])  # writes the file
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(4), context.Queue()
    processes = [context.Process(target=_open_in_process, args=(tmp_path, barrier, results)) for _ in range(4)]
    for process in processes:
        process.start()
    sums = {results.get(timeout=60)[0] for _ in processes}
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(sums) == 1 and len(entries(tmp_path)) == 1


def test_says_when_the_disk_is_too_small(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1))
    with pytest.raises(
        DataError, match=r"the cache needs .* MB in .*cache, where 0 MB are free; make room there or name"
    ):
        Source(tmp_path, [8]).open(tmp_path)
    assert entries(tmp_path) == []


def test_says_when_the_disk_fills_up(tmp_path: Path, monkeypatch: Any) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DataError, match=r"the disk of the cache folder .* is full; make room there"):
        Source(tmp_path, [8]).open(tmp_path)
    assert entries(tmp_path) == []


def test_says_when_the_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(
        DataError, match=r"cache cannot be written \(File exists\); name another one by dataset.cache_dir"
    ):
        Source(tmp_path, [8]).open(tmp_path)


def test_parts_are_kept_and_mapped(tmp_path: Path) -> None:
    source = Source(tmp_path, [9, 8, 9])

    def clouds() -> Iterator[RawCloud]:
        for cloud in source.read():
            yield replace(cloud, part=(cloud.points[:, 0] * 1e6).astype("i4"))

    recipe = Recipe("Toy train", ("toy",), tmp_path, [source.file], 8, 0, lambda: 3, clouds, parts=True)

    def check(reads: int) -> Path:
        split = cached_split(recipe, tmp_path / "cache")
        assert isinstance(split.part, np.memmap) and not split.part.flags.writeable and source.reads == reads
        assert split.part.dtype == np.int64 and np.allclose(split.part, split.pos[..., 0] * 1e6, atol=2)
        (entry,) = entries(tmp_path)
        return tmp_path / "cache" / entry / "part.npy"

    path = check(reads=1)
    check(reads=1)
    path.unlink()
    check(reads=2)
    np.save(path, np.zeros((3, 7), dtype=np.int64))
    check(reads=3)


def test_entries_without_parts_are_those_of_before(tmp_path: Path) -> None:
    """The key of an entry that version 0.1.0 wrote: what users have built is found again."""
    file = tmp_path / "source.bin"
    file.write_text("clouds")
    os.utime(file, ns=(1, 1))
    recipe = Recipe("Toy train", ("toy",), tmp_path, [file], 8, 0, lambda: 3, lambda: iter(()))
    digest = hashlib.sha256(repr((1, ("toy",), 8, 0)).encode())
    digest.update(f"{os.path.realpath(tmp_path)}/source.bin\0{6}\0{1}\n".encode())
    assert recipe.key() == digest.hexdigest()[:16]
