"""Groups of consecutive items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def groups_of(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yields lists of ``size`` consecutive items, and a shorter last one, each as soon as it is complete.

    Args:
        items: any number of items.
        size: of a list, at least 1.
    """
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group
