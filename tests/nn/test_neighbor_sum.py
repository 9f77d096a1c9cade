import pytest
import torch

from conclu_pyg.nn.neighbor_lists import NeighborLists
from conclu_pyg.nn.neighbor_sum import neighbor_sum

INDEX = torch.tensor([[0, 2, 1], [1, -1, -1], [2, 0, -1], [-1, -1, -1]])


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
def test_it_is_the_sum_over_each_points_neighbours(dtype: torch.dtype) -> None:
    x = torch.randn(4, 5, dtype=dtype)
    expected = torch.stack([x[0] + x[2] + x[1], x[1], x[2] + x[0], torch.zeros(5, dtype=dtype)])
    assert torch.allclose(neighbor_sum(x, NeighborLists.from_table(INDEX)), expected)


def test_its_gradient_is_that_of_its_function() -> None:
    lists = NeighborLists.from_table(INDEX)
    x = torch.randn(4, 5, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: neighbor_sum(x, lists), x)
