"""Rows of a frozen model for a whole split."""

import numpy as np
import pytest
import torch
from helpers import raises
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.map_split import map_split
from conclu_pyg.errors import ConcluError

CPU = torch.device("cpu")


@pytest.fixture
def split() -> PointCloudSplit:
    pos = np.random.default_rng(0).normal(size=(7, 16, 3)).astype(np.float32)
    return PointCloudSplit(pos, np.arange(7), [f"cloud {i}" for i in range(7)], list("abcdefg"))


def first_points(clouds: Batch) -> Tensor:
    return clouds.pos.view(clouds.num_graphs, -1, 3)[:, 0]


@pytest.mark.parametrize("batch_size", [1, 3, 7, 20])
def test_rows_come_in_the_order_of_the_clouds_whatever_the_batches(split: PointCloudSplit, batch_size: int) -> None:
    rows = map_split(nn.Identity(), first_points, split, CPU, batch_size)
    assert np.array_equal(rows, [split[i].pos[0].numpy() for i in range(7)])


@pytest.mark.parametrize(("batch_size", "sizes"), [(3, [3, 2, 2]), (6, [4, 3]), (7, [7]), (20, [7])])
def test_batches_have_nearly_equal_sizes(split: PointCloudSplit, batch_size: int, sizes: list[int]) -> None:
    found = []

    def count(clouds: Batch) -> Tensor:
        found.append(clouds.num_graphs)
        return clouds.y

    map_split(nn.Identity(), count, split, CPU, batch_size)
    assert found == sizes


@pytest.mark.parametrize(
    ("kind", "expected"), [(torch.float64, np.float32), (torch.bfloat16, np.float32), (torch.int64, np.int64)]
)
def test_floating_rows_become_float32_and_whole_numbers_stay(
    split: PointCloudSplit, kind: torch.dtype, expected: type
) -> None:
    assert map_split(nn.Identity(), lambda clouds: clouds.y.to(kind), split, CPU, 3).dtype == expected


def test_each_part_has_its_own_mode_afterwards(split: PointCloudSplit) -> None:
    module = nn.Sequential(nn.Dropout(), nn.Dropout()).train()
    module[0].eval()
    seen = []

    def look(clouds: Batch) -> Tensor:
        seen.append([part.training for part in module.modules()])
        return clouds.y

    map_split(module, look, split, CPU, 20)
    assert seen == [[False, False, False]] and [part.training for part in module.modules()] == [True, False, True]


def test_the_mode_is_put_back_even_after_an_error(split: PointCloudSplit) -> None:
    module = nn.Dropout().train()
    modes = []

    def fail(clouds: Batch) -> Tensor:
        modes.append((module.training, torch.is_grad_enabled()))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        map_split(module, fail, split, CPU, 3)
    assert modes == [(False, False)] and module.training


def test_a_row_that_is_not_finite_is_refused_with_the_clouds_name(split: PointCloudSplit) -> None:
    with raises(ConcluError, file="cloud 4"):
        map_split(nn.Identity(), lambda clouds: torch.where(clouds.y == 4, torch.inf, 1.0), split, CPU, 2)
