"""LazyRows against NumPy's indexing, and blocks of rows."""

from typing import Any

import numpy as np
import pytest

from conclu_pyg.data import lazy_rows as module
from conclu_pyg.data.lazy_rows import LazyRows, iter_blocks

ARRAY = np.arange(60, dtype=np.float32).reshape(10, 3, 2)
FIRST, SECOND = np.array([7, 1, 1, 9, 4]), np.array([4, 0, 2])


@pytest.mark.parametrize(
    "index", [0, -1, np.int64(2), slice(1, None), slice(None, None, -1), [2, 0], [True, False, True]]
)
def test_indexing_is_numpys(index: Any) -> None:
    whole = ARRAY[FIRST][SECOND]
    found = LazyRows(LazyRows(ARRAY, FIRST), SECOND)
    assert np.array_equal(found[index], whole[index]) and found.shape == whole.shape and found.ndim == 3
    assert np.array_equal(np.asarray(found), whole) and found.dtype == np.asarray(found).dtype == np.float32
    assert np.asarray(found, dtype=np.float64).dtype == np.float64 and len(found) == 3


def test_an_array_of_all_rows_is_a_copy() -> None:
    with pytest.raises(ValueError, match="without a copy"):
        LazyRows(ARRAY, FIRST).__array__(copy=False)
    assert repr(LazyRows(ARRAY, FIRST)) == "LazyRows([5, 3, 2], float32)"


@pytest.mark.parametrize(("block", "sizes"), [(1, [1] * 10), (13, [2] * 5), (18, [3, 3, 3, 1]), (1000, [10])])
def test_blocks_cover_all_rows(monkeypatch: pytest.MonkeyPatch, block: int, sizes: list[int]) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    for array in (ARRAY, LazyRows(ARRAY, np.arange(10)[::-1])):
        found = list(iter_blocks(array))
        assert [len(piece) for _, piece in found] == sizes
        assert np.array_equal(np.concatenate([piece for _, piece in found]), np.asarray(array))
        assert all(np.array_equal(array[rows], piece) for rows, piece in found)
    assert list(iter_blocks(np.zeros((0, 4)))) == []


def test_rows_are_iterated_one_at_a_time() -> None:
    array = np.arange(24).reshape(4, 3, 2)
    rows = list(LazyRows(array, np.array([2, 0])))
    assert [row.tolist() for row in rows] == [array[2].tolist(), array[0].tolist()]
