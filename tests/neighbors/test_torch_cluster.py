"""torch-cluster's answer about a whole batch, which leaves out what is missing, in the form of the others."""

import pytest
import torch

from conclu_pyg import NEIGHBORS


@pytest.mark.parametrize("sizes", [[30, 30], [2, 30, 1, 5, 9], [1, 1]])
@pytest.mark.parametrize("k", [1, 5, 12])
def test_all_clouds_at_once_as_on_cuda_give_what_each_alone_gives(sizes: list[int], k: int) -> None:
    pytest.importorskip("torch_cluster")
    neighbors = NEIGHBORS.build({"name": "torch_cluster"})
    x = torch.randn(sum(sizes), 3)
    assert torch.equal(neighbors._search_together(x, k, sizes), neighbors.search(x, k, sizes))
