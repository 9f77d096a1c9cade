from collections.abc import Callable

import pytest
import torch
from helpers import assert_error
from torch_geometric.data import Batch, Data

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import RandomHalfSpaceCrop


def test_the_repr() -> None:
    assert repr(RandomHalfSpaceCrop(0.7)) == "RandomHalfSpaceCrop(keep=0.7)"


def test_keeping_all_points_is_the_identity(batch: Batch) -> None:
    out = RandomHalfSpaceCrop(keep=1.0)(batch)
    assert torch.equal(out.pos, batch.pos) and torch.equal(out.ptr, batch.ptr)


@pytest.mark.parametrize("keep", [0.85, 0.5, 0.01])
def test_the_points_lowest_along_the_direction_remain(batch: Batch, keep: float) -> None:
    torch.manual_seed(7)
    directions = torch.randn(4, 3)  # the draw that the crop makes
    torch.manual_seed(7)
    singles = RandomHalfSpaceCrop(keep)(batch).to_data_list()
    for before, after, direction in zip(batch.to_data_list(), singles, directions.tolist(), strict=True):
        heights = [sum(a * b for a, b in zip(point, direction, strict=True)) for point in before.pos.tolist()]
        ranked = sorted(range(len(heights)), key=heights.__getitem__)
        assert sorted(after.part.tolist()) == sorted(ranked[: max(1, round(keep * len(ranked)))])


@pytest.mark.parametrize("keep", [0.85, 0.35, 0.5, 0.15])
def test_the_number_of_kept_points_is_exact_with_and_without_a_batch(keep: float, clouds: Callable[..., Batch]) -> None:
    sizes = range(1, 121)  # 0.35 * 90 is below 31.5 in double precision, and 31.5 in single
    expected = [max(1, round(keep * size)) for size in sizes]
    crop = RandomHalfSpaceCrop(keep)
    assert crop(clouds(*sizes)).ptr.diff().tolist() == expected
    assert [len(crop(Data(pos=torch.randn(size, 3))).pos) for size in sizes] == expected


@pytest.mark.parametrize("ragged", [False, True])
def test_the_direction_is_uniform_on_the_sphere(ragged: bool, clouds: Callable[..., Batch]) -> None:
    ball = torch.nn.functional.normalize(torch.randn(200, 3), dim=1)
    if ragged:
        batch = Batch.from_data_list([Data(pos=ball) for _ in range(400)] + [Data(pos=ball[:9])])
    else:
        batch = batch_clouds(ball.repeat(400, 1, 1))
    kept = RandomHalfSpaceCrop(0.5)(batch)
    centre = kept.pos[: 400 * 100].view(400, 100, 3).mean(dim=1) - ball.mean(dim=0)
    direction = torch.nn.functional.normalize(centre, dim=1)
    # Means over 400 draws: standard errors of sqrt(1/3/400) = 0.029 and sqrt(4/45/400) = 0.015.
    assert direction.mean(dim=0).abs().max() < 0.12
    assert (direction.T @ direction / 400 - torch.eye(3) / 3).abs().max() < 0.08


@pytest.mark.parametrize("keep", [0.0, -0.1, 1.01, float("nan"), float("inf")])
def test_a_share_outside_0_to_1_is_refused(keep: float) -> None:
    with pytest.raises(ConfigError) as error:
        RandomHalfSpaceCrop(keep)
    assert_error(error, argument="keep", got=keep)
