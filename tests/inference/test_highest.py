"""The items with the highest values of many."""

import numpy as np
import pytest

from conclu_pyg.inference.highest import Highest


@pytest.mark.parametrize("count", [1, 3, 20, 60])
def test_the_kept_and_the_dropped_are_those_of_a_sort(count: int) -> None:
    values = np.random.default_rng(count).integers(0, 10, 50).astype(float)  # many are equal
    highest, dropped = Highest[str](count), []
    for number, value in enumerate(values):
        left = highest.add(value, number, f"item {number}")
        dropped += [] if left is None else [left]
    order = sorted(range(50), key=lambda number: (-values[number], number))
    assert highest.items() == [f"item {number}" for number in order[:count]] and len(highest) == min(count, 50)
    assert sorted(left.number for left in dropped) == sorted(order[count:])
    assert all(left.value == values[left.number] and left.item == f"item {left.number}" for left in dropped)


def test_items_need_no_order() -> None:
    highest = Highest[object](2)
    for number in range(4):
        highest.add(1.0, number, object())
    assert len(highest.items()) == 2
