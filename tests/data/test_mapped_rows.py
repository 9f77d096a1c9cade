"""Memory-mapped rows with checksums."""

import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.data.lazy_rows import LazyRows, iter_blocks
from conclu_pyg.data.mapped_rows import MappedRows, row_checksum
from conclu_pyg.errors import DataError

ARRAY = np.random.default_rng(0).random((200, 5, 3)).astype(np.float32)
BROKEN = 10  # not among the rows that are checked when the file is opened


def write(path: Path, array: np.ndarray = ARRAY) -> MappedRows:
    np.save(path, array)
    checksums = np.array([row_checksum(row) for row in array], dtype=np.uint32)
    return MappedRows(path, checksums, [f"cloud_{index}" for index in range(len(array))])


def damage(path: Path, row: int = BROKEN, bit: int = 1) -> None:
    content = bytearray(path.read_bytes())
    content[128 + row * 60 + 7] ^= bit
    path.write_bytes(content)


@pytest.mark.parametrize(
    "index", [0, -1, np.int64(3), slice(2, 9), slice(None, None, -7), [5, 5, 1], np.arange(200) % 3 == 0, slice(0, 0)]
)
def test_indexing_is_numpys(tmp_path: Path, index: Any) -> None:
    rows = write(tmp_path / "a.npy")
    for _ in range(2):  # the second time without a check
        assert np.array_equal(rows[index], ARRAY[index]) and rows[index].dtype == np.float32
    assert rows.shape == ARRAY.shape and rows.ndim == 3 and rows.dtype == np.float32 and len(rows) == 200
    assert np.array_equal(rows, ARRAY) and repr(rows) == "MappedRows([200, 5, 3], float32)"
    assert np.array_equal(LazyRows(rows, np.array([4, 2]))[[1, 0]], ARRAY[[2, 4]])
    assert sum(len(block) for _, block in iter_blocks(rows)) == 200


def test_rows_are_read_only(tmp_path: Path) -> None:
    rows = write(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="read-only"):
        rows[0][0] = 1


@pytest.mark.parametrize("bit", [1 << bit for bit in range(8)])
@pytest.mark.parametrize("index", [BROKEN, BROKEN - 200, slice(0, 20), [3, BROKEN], np.arange(200) == BROKEN])
def test_a_flipped_bit_is_found_when_the_row_is_read(tmp_path: Path, index: Any, bit: int) -> None:
    rows = write(tmp_path / "a.npy")
    damage(tmp_path / "a.npy", bit=bit)
    assert np.array_equal(rows[[0, 1, 2, 150]], ARRAY[[0, 1, 2, 150]])
    with raises(DataError, file=tmp_path / "a.npy"):
        rows[index]
    with pytest.raises(DataError, match=f"the cloud cloud_{BROKEN} was changed"):
        rows[index]


@pytest.mark.parametrize("row", [0, 199])
def test_the_first_and_the_last_row_are_checked_when_the_file_is_opened(tmp_path: Path, row: int) -> None:
    rows = write(tmp_path / "a.npy")
    damage(tmp_path / "a.npy", row)
    with pytest.raises(DataError, match=f"cloud_{row} "):
        pickle.loads(pickle.dumps(rows))[[row]]
    with pytest.raises(DataError, match=f"cloud_{row} "):
        MappedRows(tmp_path / "a.npy", np.zeros(200, np.uint32) + row_checksum(ARRAY[row]), [f"cloud_{row} "] * 200)


def test_a_file_with_other_rows_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="expected 3 rows, got 200"):
        MappedRows(tmp_path / "a.npy", np.zeros(3, np.uint32), ["a"] * 3)


def test_another_process_maps_the_file_instead_of_receiving_its_content(tmp_path: Path) -> None:
    rows = write(tmp_path / "a.npy", np.zeros((10, 1000, 3), dtype=np.float32))
    sent = pickle.dumps(rows)
    assert len(sent) < 1000 and np.array_equal(pickle.loads(sent), rows)


def test_a_pass_over_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    """Of a sparse file of 400 MB."""
    path, count = tmp_path / "a.npy", 16_000
    np.lib.format.open_memmap(path, "w+", np.float32, (count, 2048, 3)).flush()
    checksum = row_checksum(np.zeros((2048, 3), np.float32))
    tracemalloc.start()
    rows = MappedRows(path, np.full(count, checksum, np.uint32), [""] * count)
    for first in range(0, count, 100):
        rows[np.arange(first, first + 100)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10e6
