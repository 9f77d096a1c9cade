"""Front halves, for clouds of any size."""

import math

import torch
from helpers import raises
from torch_geometric.data import Batch, Data

from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import FixedPoints, SplitByAngles


def test_the_front_half_is_nearest_to_the_viewer_from_every_angle() -> None:
    clouds = [torch.randn(n, 3, dtype=torch.double) for n in (9, 1, 16)]
    out = SplitByAngles(4, up_axis="y")(Batch.from_data_list([Data(pos=cloud) for cloud in clouds]))
    for cloud, halved in zip(clouds, out.to_data_list(), strict=True):
        assert torch.equal(halved.pos, cloud) and halved.front.shape == (len(cloud), 4)
        for i in range(4):
            a = math.pi / 2 * i
            away = [-(math.cos(a) * z + math.sin(a) * x) for x, _, z in cloud.tolist()]
            front = sorted(range(len(away)), key=away.__getitem__)[: (len(away) + 1) // 2]
            assert halved.front[:, i].nonzero().flatten().tolist() == sorted(front)


def test_opposite_angles_have_opposite_halves_and_the_height_plays_no_role() -> None:
    cloud = torch.randn(10, 3)
    front = SplitByAngles(2)(Data(pos=cloud)).front
    assert torch.equal(front[:, 0], ~front[:, 1])
    assert torch.equal(SplitByAngles(2)(Data(pos=cloud * torch.tensor([1.0, 1, 9]))).front, front)
    assert FixedPoints(4)(SplitByAngles(5)(Data(pos=cloud))).front.shape == (4, 5)


def test_no_angles_are_refused() -> None:
    with raises(ConfigError, argument="num_angles", got=0):
        SplitByAngles(0)
