"""Neighbours of another program: accepted where distances tie, and refused elsewhere."""

import pytest
import torch

from conclu_pyg.errors import ConcluError
from conclu_pyg.export.neighbors import given_neighbors, recorded_neighbors
from conclu_pyg.nn import NearestInCloud


def test_records_and_gives_neighbours_in_the_order_of_the_calls() -> None:
    search, x = NearestInCloud(3), torch.randn(2, 10, 4)
    model = torch.nn.Sequential(search)
    with recorded_neighbors(model) as tables:
        first, second = model(x), model(-2 * x)
    assert tables[0] is first and tables[1] is second and len(tables) == 2
    reordered = [first.flip(2), second.flip(2)]
    with given_neighbors(model, reordered) as swapped:
        assert model(x) is reordered[0] and model(x) is reordered[1]
    assert swapped == [0, 0] and torch.equal(model(x), first) and not search._forward_hooks


def test_a_tie_may_swap_and_another_point_may_not() -> None:
    x = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [-1, 0, 0], [1.001, 0, 0], [5, 0, 0]]])
    search = NearestInCloud(2)
    table = search(x)
    assert sorted(table[0, 0].tolist()) in ([0, 1], [0, 2])
    other = table.clone()
    other[0, 0] = torch.tensor([0, 3 - int(table[0, 0].sum())])  # the tie: 2 in the place of 1
    with given_neighbors(search, [other]) as swapped:
        assert search(x) is other
    assert swapped == [1]
    for wrong in ([0, 3], [0, 0], [0, 5], [-1, 0]):
        other[0, 0] = torch.tensor(wrong)
        with pytest.raises(ConcluError, match="the 2 nearest points"), given_neighbors(search, [other]):
            search(x)
