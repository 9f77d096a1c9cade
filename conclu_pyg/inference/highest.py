"""The items with the highest values of many."""

from __future__ import annotations

import heapq
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")


class Ranked(NamedTuple, Generic[Item]):
    """An item with its value and its number, which decides between equal values."""

    value: float
    number: int
    item: Item


class Highest(Generic[Item]):
    """Keeps the items with the highest values; of equal values, those with the lowest numbers.

    Args:
        count: the number of items to keep.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._heap: list[tuple[float, int, Item]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, value: float, number: int, item: Item) -> Ranked[Item] | None:
        """Adds an item, and returns the one that is dropped if there are too many.

        Args:
            value: its value.
            number: its number, different for each item.
            item: the item.
        """
        heapq.heappush(self._heap, (value, -number, item))
        if len(self._heap) <= self.count:
            return None
        value, order, item = heapq.heappop(self._heap)
        return Ranked(value, -order, item)

    def items(self) -> list[Item]:
        """Returns the items, the highest value first."""
        return [item for *_, item in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]
