import pytest
import torch
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.nn.neighbor_lists import NeighborLists, edges_to_table, table_to_edges

INDEX = torch.tensor([[0, 2, 1], [1, -1, -1], [2, 0, -1], [-1, -1, -1]])
PAIRS = {(0, 0), (2, 0), (1, 0), (1, 1), (2, 2), (0, 2)}  # (neighbour, point)


def pairs(edges: torch.Tensor) -> list[tuple[int, int]]:
    return [(int(j), int(i)) for j, i in edges.t()]


def test_the_lists_leave_gaps_out() -> None:
    lists = NeighborLists.from_table(INDEX)
    assert lists.points.tolist() == [0, 2, 1, 1, 2, 0] and lists.ptr.tolist() == [0, 3, 4, 6, 6]
    assert lists.counts.tolist() == [3, 1, 2, 0] and lists.owners().tolist() == [0, 0, 0, 1, 2, 2]


def test_a_full_table_gives_equal_lists() -> None:
    lists = NeighborLists.from_table(INDEX[:1].repeat(3, 1))
    assert lists.points.tolist() == 3 * [0, 2, 1] and lists.ptr.tolist() == [0, 3, 6, 9]


@pytest.mark.parametrize("num_points", [4, 40_000], ids=["int16", "int32"])
def test_reversed_they_hold_who_has_each_point(num_points: int) -> None:
    index = torch.full((num_points, 3), -1)
    index[:4] = INDEX
    index[-1, 0] = num_points - 1
    lists = NeighborLists.from_table(index)
    back = lists.reversed()
    edges = torch.stack([back.owners(), back.points])
    assert set(pairs(edges)) == PAIRS | {(num_points - 1, num_points - 1)} and edges.size(1) == 7
    assert len(back.ptr) == num_points + 1 and back.ptr[-1] == 7


def test_edges_and_tables_turn_into_each_other() -> None:
    edges = table_to_edges(INDEX)
    assert edges.shape == (2, 6) and set(pairs(edges)) == PAIRS
    index = edges_to_table(edges[:, [5, 2, 0, 3, 1, 4]], 4)
    assert index.shape == (4, 3)
    assert [sorted(row) for row in index.tolist()] == [sorted(row) for row in INDEX.tolist()]
    assert (index.diff(dim=1)[index[:, :-1] < 0] == 0).all()  # -1 at the end


def test_no_edges_give_a_table_without_columns() -> None:
    assert edges_to_table(torch.empty(2, 0, dtype=torch.long), 5).shape == (5, 0)


def test_other_shapes_and_indices_out_of_range_are_refused() -> None:
    with raises(DataError, argument="edge_index", got=[4, 3]):
        edges_to_table(INDEX, 4)
    with pytest.raises(DataError, match="expected entries from 0 to 2, got entries from 0 to 3"):
        edges_to_table(torch.tensor([[0, 3], [1, 2]]), 3)
