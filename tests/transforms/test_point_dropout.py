from collections.abc import Callable

import pytest
import torch
from helpers import assert_error
from torch_geometric.data import Batch, Data

from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import RandomPointDropout


def test_the_repr() -> None:
    assert repr(RandomPointDropout(0.25)) == "RandomPointDropout(share=0.25)"


def test_dropping_no_points_is_the_identity(batch: Batch) -> None:
    out = RandomPointDropout(0)(batch)
    assert torch.equal(out.pos, batch.pos) and torch.equal(out.ptr, batch.ptr)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9, 0.999])
def test_the_number_that_remains_is_exact_and_no_point_comes_twice(share: float, clouds: Callable[..., Batch]) -> None:
    sizes = range(1, 121)
    expected = [max(1, round((1 - share) * size)) for size in sizes]
    drop = RandomPointDropout(share)
    batch = clouds(*sizes)
    out = drop(batch)
    assert out.ptr.diff().tolist() == expected
    assert [len(drop(Data(pos=torch.randn(size, 3))).pos) for size in sizes] == expected
    for before, after in zip(batch.to_data_list(), out.to_data_list(), strict=True):
        assert len(set(after.part.tolist())) == len(after.part)
        assert torch.equal(after.pos, before.pos[after.part])


@pytest.mark.parametrize("sizes", [(5,) * 3000, (5,) * 3000 + (2,)], ids=["equal", "ragged"])
def test_every_point_is_as_likely_to_go(sizes: tuple[int, ...]) -> None:
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    cloud = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    batch = Batch(pos=torch.randn(len(cloud), 3), batch=cloud, ptr=ptr, part=torch.arange(len(cloud)) - ptr[cloud])
    part = RandomPointDropout(0.6)(batch).part[:6000]  # 2 of 5 remain
    assert (part.bincount(minlength=5) / 3000 - 0.4).abs().max() < 0.06  # six standard errors


@pytest.mark.parametrize("share", [1.0, -0.1, float("nan"), float("inf")])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(ConfigError) as error:
        RandomPointDropout(share)
    assert_error(error, argument="share", got=share)
