"""Groups of consecutive items."""

from collections.abc import Iterator
from itertools import chain

import pytest

from conclu_pyg.groups import groups_of


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (9, [3, 3, 3])])
def test_groups_have_all_items_in_order(count: int, sizes: list[int]) -> None:
    groups = list(groups_of(range(count), 3))
    assert list(chain.from_iterable(groups)) == list(range(count))
    assert [len(group) for group in groups] == sizes


def test_a_group_is_there_as_soon_as_it_is_complete() -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(10):
            taken.append(item)
            yield item

    assert next(groups_of(items(), 4)) == taken == [0, 1, 2, 3]
