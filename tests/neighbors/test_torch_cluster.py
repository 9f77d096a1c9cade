"""Conversion of torch-cluster's result for a batch, which omits missing neighbours, to a table."""

import pytest
import torch

from conclu_pyg import NEIGHBORS


@pytest.mark.parametrize("sizes", [[30, 30], [2, 30, 1, 5, 9], [1, 1]])
@pytest.mark.parametrize("k", [1, 5, 12])
def test_a_batch_as_on_cuda_equals_the_single_clouds(sizes: list[int], k: int) -> None:
    pytest.importorskip("torch_cluster")
    neighbors = NEIGHBORS.build({"name": "torch_cluster"})
    x = torch.randn(sum(sizes), 3)
    assert torch.equal(neighbors._search_together(x, k, sizes), neighbors.search(x, k, sizes))
