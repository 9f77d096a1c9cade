from collections.abc import Callable

import pytest
import torch
from helpers import assert_error
from torch_geometric.data import Batch

from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import FixedPoints


def test_the_repr() -> None:
    assert repr(FixedPoints(7)) == "FixedPoints(7)"


@pytest.mark.parametrize("num_points", [1, 7, 20, 33, 50])
def test_points_are_repeated_only_if_there_are_too_few(batch: Batch, num_points: int) -> None:
    out = FixedPoints(num_points)(batch)
    assert out.ptr.diff().tolist() == [num_points] * 4
    for before, after in zip(batch.to_data_list(), out.to_data_list(), strict=True):
        assert len(set(after.part.tolist())) == min(num_points, len(before.pos))
        assert torch.equal(after.pos, before.pos[after.part])


def test_as_many_points_as_in_the_cloud_are_a_permutation(copies: Callable[..., Batch]) -> None:
    out = FixedPoints(50)(copies(1))
    assert sorted(out.part.tolist()) == list(range(50)) != out.part.tolist()


@pytest.mark.parametrize("sizes", [(5,) * 3000, (5,) * 3000 + (2,)], ids=["equal", "ragged"])
@pytest.mark.parametrize("num_points", [2, 8])
def test_every_point_is_as_likely(sizes: tuple[int, ...], num_points: int) -> None:
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    cloud = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    batch = Batch(pos=torch.randn(len(cloud), 3), batch=cloud, ptr=ptr, part=torch.arange(len(cloud)) - ptr[cloud])
    part = FixedPoints(num_points)(batch).part.view(-1, num_points)[:3000]
    share = part.flatten().bincount(minlength=5) / 3000
    assert (share - num_points / 5).abs().max() < 0.06  # six standard errors and more
    last = part[:, -1].bincount(minlength=5) / 3000  # drawn again where there are 8 of 5, and as uniform as the rest
    assert (last - 1 / 5).abs().max() < 0.045


@pytest.mark.parametrize("num_points", [0, -3])
def test_fewer_points_than_one_are_refused(num_points: int) -> None:
    with pytest.raises(ConfigError) as error:
        FixedPoints(num_points)
    assert_error(error, argument="num_points", got=num_points)
