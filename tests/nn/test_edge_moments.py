import pytest
import torch
from torch import Tensor

from conclu_pyg.nn.edge_moments import edge_moments
from conclu_pyg.nn.neighbor_lists import NeighborLists

INDEX = torch.tensor([[0, 2, 1], [1, -1, -1], [2, 0, -1], [3, 0, 2], [-1, -1, -1]])


def by_edges(x: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    ends = torch.stack([torch.cat([x[i], x[j]]) for i, row in enumerate(index) for j in row if j >= 0])
    return ends.mean(dim=0), torch.cov(ends.t(), correction=0)


@pytest.mark.parametrize("index", [INDEX, INDEX[[0, 0, 3, 3, 0]]], ids=["gaps", "full"])
def test_they_are_the_mean_and_covariance_of_both_ends_of_the_edges(index: Tensor) -> None:
    x = torch.randn(5, 3, dtype=torch.double)
    for ours, theirs in zip(edge_moments(x, NeighborLists.from_table(index)), by_edges(x, index), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def test_their_gradients_are_those_of_their_function() -> None:
    lists = NeighborLists.from_table(INDEX)
    x = torch.randn(5, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: edge_moments(x, lists), x)
