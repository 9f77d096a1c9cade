"""Max pooling over the points of each cloud."""

import pytest
import torch
from torch import Tensor

from conclu_pyg.nn import equal_clouds, max_pool

BATCHES = {
    "equal": [0, 0, 0, 1, 1, 1, 2, 2, 2],
    "ragged": [0, 1, 1, 1, 1, 2, 2, 2, 2],
    "unsorted": [2, 0, 1, 0, 1, 2, 0, 1, 2],
    "one point each": [0, 1, 2],
    "one cloud": [0, 0, 0, 0],
    "one point": [0],
}


def max_by_hand(x: Tensor, batch: list[int]) -> list[list[float]]:
    clouds = max(batch) + 1
    return [[max(x[n, c].item() for n in range(len(batch)) if batch[n] == b) for c in range(4)] for b in range(clouds)]


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES.keys())
@pytest.mark.parametrize("shift", [0, -10], ids=["both signs", "all negative"])
def test_each_cloud_has_the_maximum_of_its_own_points(batch: list[int], shift: float) -> None:
    x = torch.randn(len(batch), 4, dtype=torch.double) + shift
    assert max_pool(x, torch.tensor(batch), max(batch) + 1).tolist() == max_by_hand(x, batch)


@pytest.mark.parametrize("batch", [BATCHES["equal"], BATCHES["ragged"]], ids=["equal", "ragged"])
def test_gradients_go_to_the_points_that_have_the_maximum(batch: list[int]) -> None:
    x = torch.randn(len(batch), 4, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: max_pool(x, torch.tensor(batch), 3), x)


@pytest.mark.parametrize(
    ("name", "num_points"),
    [("equal", 3), ("ragged", None), ("unsorted", None), ("one point each", 1), ("one cloud", 4), ("one point", 1)],
)
def test_clouds_of_one_size_are_known_by_it(name: str, num_points: int | None) -> None:
    batch = BATCHES[name]
    assert equal_clouds(torch.tensor(batch), max(batch) + 1) == num_points


def test_a_batch_with_an_empty_cloud_is_not_of_one_size() -> None:
    assert equal_clouds(torch.tensor([0, 0, 1, 1]), 3) is None  # 4 points are no multiple of 3
    assert equal_clouds(torch.tensor([0, 0, 2, 2, 2, 2]), 3) is None
    assert equal_clouds(torch.tensor([], dtype=torch.long), 2) is None
