"""Padding of clouds to one size, and its inverse."""

import pytest
import torch

from conclu_pyg.nn.padded import padded, unpadded


@pytest.mark.parametrize("sizes", [[3, 3], [2, 4, 1]], ids=["equal", "different"])
def test_each_cloud_comes_first_in_its_row(sizes: list[int]) -> None:
    x = torch.randn(sum(sizes), 2)
    dense, mask = padded(x, torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes)), len(sizes))
    assert dense.shape == (len(sizes), max(sizes), 2)
    for row, of_row, cloud in zip(dense, mask, x.split(sizes), strict=True):
        assert torch.equal(row[: len(cloud)], cloud) and of_row.tolist() == [i < len(cloud) for i in range(max(sizes))]
    assert torch.equal(unpadded(dense, mask), x)
