"""Covariances of neighbourhoods, against NumPy."""

import numpy as np
import torch

from conclu_pyg.nn.local_covariance import local_covariance


def test_it_is_the_biased_covariance_of_the_neighbours() -> None:
    pos = torch.randn(9, 3, dtype=torch.double)
    index = torch.stack([torch.randperm(9)[:4] for _ in range(9)])
    index[2, 1:] = -1
    index[5, 0] = -1
    found = local_covariance(pos, index)
    for row, neighbors in zip(found, index, strict=True):
        points = pos[neighbors[neighbors >= 0]].numpy()
        assert np.allclose(row, np.cov(points.T, bias=True), atol=1e-14)


def test_a_point_without_neighbours_has_zeros_and_gradients_stay_finite() -> None:
    pos = torch.randn(4, 3, requires_grad=True)
    index = torch.tensor([[0, 1], [-1, -1], [2, -1], [3, 0]])
    found = local_covariance(pos, index)
    assert not found[1].any() and not found[2].any()
    found.sum().backward()
    assert pos.grad is not None and pos.grad.isfinite().all()


def test_it_is_accurate_far_from_the_origin() -> None:
    pos, index = torch.randn(6, 3, dtype=torch.double), torch.arange(6).expand(6, -1)
    moved = local_covariance((pos + 1000).float(), index).double()
    assert torch.allclose(moved, local_covariance(pos, index), atol=1e-3)
