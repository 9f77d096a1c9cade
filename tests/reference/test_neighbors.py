import numpy as np
import pytest
import torch

from conclu_pyg.reference import ReferenceNeighbors


@pytest.mark.parametrize("sizes", [[7, 7, 7], [2, 9, 1, 5], [12], [3, 3]], ids=str)
@pytest.mark.parametrize("k", [1, 3, 8])
def test_neighbors_are_those_of_the_smallest_distances(sizes: list[int], k: int) -> None:
    x = 5 + torch.randn(sum(sizes), 4, dtype=torch.double)
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    index = ReferenceNeighbors()(x, k, batch, len(sizes)).numpy()
    assert index.shape == (len(x), k)
    for row, found in enumerate(index):
        cloud = np.flatnonzero(batch.numpy() == batch[row].item())
        distances = np.linalg.norm(x.numpy()[cloud] - x.numpy()[row], axis=1)
        expected = cloud[np.argsort(distances)[:k]]
        assert set(found[: len(expected)]) == set(expected) and (found[len(expected) :] == -1).all()
