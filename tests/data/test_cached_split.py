"""Splits in the cache: built once, memory-mapped and read-only from then on."""

import os
import pickle
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from helpers import assert_error, raises

from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.cached_split import cached
from conclu_pyg.data.clean import RawCloud
from conclu_pyg.data.mapped_rows import MappedRows
from conclu_pyg.errors import ConcluWarning, DataError


class Toy(PointCloudDataset):
    up_axis = 2

    def __init__(self) -> None:
        super().__init__(transform=[])
        self.label_to_names = {0: "a", 1: "b", 2: "c"}

    def _load_split(self, split: str) -> PointCloudSplit:
        raise NotImplementedError


class Source:
    """Clouds in memory that count their reads."""

    def __init__(self, folder: Path, sizes: list[int], parts: bool = False) -> None:
        self.folder, self.parts, self.reads = folder, parts, 0
        self.file = folder / "source.bin"
        self.file.touch()
        rng = np.random.default_rng(0)
        self.clouds = [rng.random((size, 3)) for size in sizes]

    def read(self) -> Iterator[RawCloud]:
        self.reads += 1
        for index, points in enumerate(self.clouds):
            cloud = RawCloud(points, index % 3, f"shape_{index}", f"source.bin, cloud {index}")
            yield replace(cloud, part=(points[:, 0] * 1e6).astype("i4")) if self.parts else cloud

    def open(self, **options: Any) -> PointCloudSplit:
        options = {"num_points": 8, "count": len(self.clouds), "parts": self.parts, **options}
        return cached(Toy(), "train", self.read(), [self.file], cache_dir=self.folder / "cache", **options)

    def entry(self) -> Path:
        (entry,) = (self.folder / "cache").iterdir()
        return entry


def test_builds_once_and_maps_read_only(tmp_path: Path) -> None:
    source = Source(tmp_path, [8, 8, 8])
    first, second = source.open(), source.open()
    assert source.reads == 1 and source.entry().is_dir()
    for split in (first, second):
        assert isinstance(split.pos, MappedRows) and not split.pos[0].flags.writeable
        assert split.pos.dtype == np.float32 and np.array_equal(split.pos, np.array(source.clouds, np.float32))
        assert split.y.dtype == np.int64 and split.y.tolist() == [0, 1, 2]
        assert split.names == ["shape_0", "shape_1", "shape_2"] and split.part is None and split.classes == list("abc")


@pytest.mark.parametrize("options", [{"num_points": 7}, {"seed": 1}, {"values": ("other",)}])
def test_another_option_is_another_entry(tmp_path: Path, options: dict[str, Any]) -> None:
    source = Source(tmp_path, [9, 9])
    source.open()
    source.open(**options)
    assert source.reads == 2 and len(list((tmp_path / "cache").iterdir())) == 2


def test_the_number_of_clouds_is_that_of_the_files_by_default(tmp_path: Path) -> None:
    assert len(Source(tmp_path, [9]).open(count=None).pos) == 1
    with raises(DataError, got=2):
        Source(tmp_path, [9, 9]).open(count=None, seed=1)


def test_a_rejected_cloud_leaves_no_files(tmp_path: Path) -> None:
    with raises(DataError, file="source.bin, cloud 1", expected="at least one point"):
        Source(tmp_path, [8, 0, 8]).open()
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("label", "fields"),
    [(-1, {"file": "a.txt", "argument": "label", "got": -1}), (3, {"argument": "y", "got": (np.dtype("<i8"), (1,))})],
)
def test_a_label_without_a_class_is_rejected(tmp_path: Path, label: int, fields: dict[str, Any]) -> None:
    clouds = (RawCloud(np.random.default_rng(0).random((9, 3)), label, "a", "a.txt") for _ in range(1))
    (tmp_path / "a.txt").touch()
    with raises(DataError, **fields):
        cached(Toy(), "train", clouds, [tmp_path / "a.txt"], num_points=8, cache_dir=tmp_path / "cache")


def test_repairs_are_warned_about_each_time(tmp_path: Path) -> None:
    source = Source(tmp_path, [7, 8])
    for _ in range(2):
        with pytest.warns(ConcluWarning, match="Toy train: 1 of 2 clouds: too few points, filled up"):
            source.open()
    assert source.reads == 1


def test_a_split_without_clouds_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Toy train has no clouds"):
        Source(tmp_path, []).open()


FILES = ["pos.npy", "part.npy", "y.npy", "names.npy", "name_ends.npy", "pos_checksums.npy", "part_checksums.npy"]


def removed(path: Path) -> None:
    path.unlink()


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def zeroed(path: Path) -> None:
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size - 4] + bytes(4))


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def replaced(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 7), dtype=np.int64))


def garbled(path: Path) -> None:
    path.write_text("[1, 2")


def forged(path: Path) -> None:
    path.write_text(path.read_text().replace("Toy", "Two"))


@pytest.mark.parametrize("file", [*FILES, "about.json"])
@pytest.mark.parametrize("damage", [removed, truncated, emptied, flipped, replaced])
def test_a_damaged_entry_is_built_again_with_a_warning(tmp_path: Path, file: str, damage: Any) -> None:
    check_rebuilt(tmp_path, file, damage)


@pytest.mark.parametrize(("file", "damage"), [("pos.npy", zeroed), ("about.json", garbled), ("about.json", forged)])
def test_an_entry_that_was_damaged_otherwise_is_built_again(tmp_path: Path, file: str, damage: Any) -> None:
    check_rebuilt(tmp_path, file, damage)


def check_rebuilt(folder: Path, file: str, damage: Any) -> None:
    source = Source(folder, [8, 8, 8], parts=True)
    whole = source.open()
    pos, part = np.array(whole.pos), np.array(whole.part)
    entry = source.entry()
    damage(entry / file)
    with pytest.warns(ConcluWarning, match="is damaged; it is built again"):
        split = source.open()
    assert np.array_equal(split.pos, pos) and np.array_equal(split.part, part) and split.names == whole.names
    assert source.reads == 2 and source.entry() == entry
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source.open()
    assert source.reads == 2


def test_a_cloud_that_is_damaged_while_the_split_is_open_is_refused(tmp_path: Path) -> None:
    source = Source(tmp_path, [8] * 1000)
    split = source.open()
    swap(source.entry() / "pos.npy", 7)
    assert split.__getitems__([0, 2, 999]).num_graphs == 3
    with pytest.raises(DataError, match=r"the cloud shape_7 was changed .* delete the folder .* start again") as error:
        split.__getitems__([0, 7, 2])
    assert_error(error, file=source.entry() / "pos.npy")


def test_a_damaged_cloud_that_the_check_on_opening_skips_is_refused_when_it_is_read(tmp_path: Path) -> None:
    source = Source(tmp_path, [8] * 1000)
    source.open()
    swap(source.entry() / "pos.npy", 7)
    few = source.open().subset(np.arange(5, 10))
    assert source.reads == 1 and few[1].pos.shape == (8, 3)
    with raises(DataError, file=source.entry() / "pos.npy"):
        few[2]


def test_another_process_receives_neither_the_clouds_nor_their_names_as_objects(tmp_path: Path) -> None:
    source = Source(tmp_path, [64] * 500)
    split = source.open(num_points=64)
    sent = pickle.dumps(split, protocol=5)
    assert len(sent) < 500 * 60 < split.pos.dtype.itemsize * 500 * 64 * 3
    received = pickle.loads(sent)
    assert received.names == split.names and torch.equal(received[7].pos, split[7].pos)
    assert np.array_equal(received.subset(np.arange(3)).pos, split.pos[:3])


def swap(path: Path, cloud: int) -> None:
    """Swaps two points of a cloud: the sum of its values stays."""
    array = np.load(path, mmap_mode="r+")
    array[cloud, [0, 1]] = array[cloud, [1, 0]]
    array.flush()


def test_parts_are_kept_and_mapped(tmp_path: Path) -> None:
    source = Source(tmp_path, [9, 8, 9], parts=True)

    def check(reads: int) -> Path:
        split = source.open()
        assert isinstance(split.part, MappedRows) and not split.part[0].flags.writeable and source.reads == reads
        assert split.part.dtype == np.int64 and np.allclose(split.part, split.pos[..., 0] * 1e6, atol=2)
        return source.entry() / "part.npy"

    path = check(reads=1)
    check(reads=1)
    path.unlink()
    check(reads=2)
    np.save(path, np.zeros((3, 7), dtype=np.int64))
    check(reads=3)


def test_a_disk_that_is_too_small_is_an_error_before_anything_is_written(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1))
    with raises(DataError, file=tmp_path / "cache"):
        Source(tmp_path, [8]).open()
    assert list((tmp_path / "cache").iterdir()) == []
