"""Every point of a cloud is in some subset, and all subsets have the same size."""

import pytest
import torch

from conclu_pyg.inference.deal import random_subsets


@pytest.mark.parametrize(("size", "num_points"), [(10, 4), (8, 4), (4, 4), (3, 4), (1, 4), (5, 1)])
def test_every_point_is_in_a_subset_and_as_few_as_can_be_are_in_two(size: int, num_points: int) -> None:
    subsets = random_subsets(size, num_points, torch.Generator().manual_seed(0))
    assert subsets.shape == (-(-size // min(size, num_points)), min(size, num_points))
    assert subsets.unique().tolist() == list(range(size))
    assert all(row.unique().numel() == row.numel() for row in subsets)


def test_subsets_are_drawn_by_the_generator() -> None:
    first, again, other = (random_subsets(100, 10, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
