"""Cutout and crop by random boxes."""

from typing import Any

import pytest
import torch
from helpers import raises
from torch_geometric.data import Batch, Data

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import RandomCuboidCrop, RandomCutout
from conclu_pyg.transforms.boxes import in_random_box
from conclu_pyg.transforms.clouds import cloud_layout


def lattice(side: int = 21) -> torch.Tensor:
    ticks = torch.linspace(-2, 3, side, dtype=torch.double)
    return torch.cartesian_prod(ticks, 2 * ticks, 0.5 * ticks)


def test_a_box_has_the_given_sides_and_lies_within_the_bounding_box() -> None:
    clouds = batch_clouds(lattice().expand(200, -1, -1))
    shares = torch.tensor([0.5, 0.3, 0.8], dtype=torch.double).expand(200, 3)
    inside = in_random_box(clouds.pos, cloud_layout(clouds), shares).view(200, -1)
    for cloud, mask in zip(clouds.pos.view(200, -1, 3), inside, strict=True):
        extent = cloud[mask].amax(dim=0) - cloud[mask].amin(dim=0)
        sides = shares[0] * torch.tensor([5.0, 10, 2.5])
        step = torch.tensor([0.25, 0.5, 0.125]).double()
        assert (extent <= sides + 1e-9).all() and (extent > sides - 2 * step).all()
        box = ((cloud >= cloud[mask].amin(dim=0)) & (cloud <= cloud[mask].amax(dim=0))).all(dim=1)
        assert torch.equal(box, mask)


def test_boxes_reach_the_whole_cloud() -> None:
    clouds = batch_clouds(lattice(5).expand(400, -1, -1))
    shares = torch.full((400, 3), 0.4, dtype=torch.double)
    inside = in_random_box(clouds.pos, cloud_layout(clouds), shares).view(400, 5, 5, 5)
    middle = inside[:, 2, 2, 2].double().mean()  # starts of [0.1, 0.5] of [0, 0.6]: (2 / 3) ** 3
    assert abs(middle - 8 / 27) < 0.1 and inside.any(dim=0)[1:4, 1:4, 1:4].all()


@pytest.mark.parametrize("transform", [RandomCutout(), RandomCuboidCrop()])
def test_of_a_flat_cloud_a_part_goes(transform: Any) -> None:
    flat = torch.rand(20, 400, 3) * torch.tensor([1.0, 1, 0])
    counts = transform(batch_clouds(flat)).ptr.diff()
    assert (counts < 400).float().mean() > 0.9 and (counts > 100).all()


def test_a_cutout_and_a_crop_keep_their_shares_of_a_cube() -> None:
    cubes = batch_clouds(torch.rand(150, 500, 3))
    cut = RandomCutout(0.5, 0.5)(cubes).ptr.diff() / 500
    assert abs(cut.mean() - (1 - 0.125)) < 0.02
    cropped = RandomCuboidCrop(volume=0.4, aspect=1.0)(cubes).ptr.diff() / 500
    assert abs(cropped.mean() - 0.7) < 0.04 and cropped.min() > 0.3


def test_a_cloud_that_would_lose_all_points_keeps_them() -> None:
    clouds = Batch.from_data_list([Data(pos=torch.zeros(3, 3)), Data(pos=torch.rand(50, 3))])
    for transform in (RandomCutout(1.0, 1.0), RandomCuboidCrop(1e-9, 1.0)):
        assert transform(clouds).ptr.diff()[0] == 3


def test_arguments_outside_their_range_are_refused() -> None:
    with raises(ConfigError, argument="low", got=0.7):
        RandomCutout(0.7, 0.6)
    with raises(ConfigError, argument="high", got=1.2):
        RandomCutout(0.3, 1.2)
    with raises(ConfigError, argument="volume", got=0.0):
        RandomCuboidCrop(volume=0.0)
    with raises(ConfigError, argument="aspect", got=0.5):
        RandomCuboidCrop(aspect=0.5)
