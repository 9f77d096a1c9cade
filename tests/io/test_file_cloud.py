"""Columns next to each other."""

import numpy as np
import pytest

from conclu_pyg.io.file_cloud import stack_columns

TABLE = np.arange(20.0).reshape(4, 5).copy()


@pytest.mark.parametrize("places", [[0, 1, 2], [2, 3, 4], [1], [2, 1, 0], [0, 2, 4], [3, 4, 0]])
def test_columns_of_a_table_are_copied_only_where_they_are_apart(places: list[int]) -> None:
    stacked = stack_columns([TABLE[:, place] for place in places])
    assert np.array_equal(stacked, TABLE[:, places])
    assert np.shares_memory(stacked, TABLE) == (places == list(range(places[0], places[0] + len(places))))


def test_rows_of_a_table_and_arrays_of_other_types_are_copied() -> None:
    assert np.array_equal(stack_columns([TABLE[::2, 0], TABLE[::2, 1]]), TABLE[::2, :2])
    assert np.array_equal(stack_columns([TABLE[:3, 0], TABLE[1:, 1]]), np.stack([TABLE[:3, 0], TABLE[1:, 1]], axis=1))
    assert np.array_equal(stack_columns([TABLE.T[:, 0], TABLE.T[:, 1]]), TABLE.T[:, :2])
    mixed = stack_columns([np.arange(3, dtype=np.float32), np.arange(3, dtype=np.int32)])
    assert mixed.dtype == np.float64 and mixed.tolist() == [[0, 0], [1, 1], [2, 2]]
