"""MRTNet's encoder: its list, and what it does not depend on."""

import pytest
import torch
from helpers import raises

from conclu_pyg.encoders.mrt_net import MRTNetEncoder
from conclu_pyg.errors import ConfigError
from conclu_pyg.nn.kd_order import kd_order
from conclu_pyg.nn.multi_resolution import joined, resolutions


def make(num_points: int = 32) -> MRTNetEncoder:
    return MRTNetEncoder(8, num_points, channels=(4, 6)).double().eval()


@pytest.mark.parametrize("size", [32, 50, 9])
def test_a_cloud_is_the_list_of_its_points_in_order(size: int) -> None:
    encoder, cloud = make(), torch.randn(size, 3, dtype=torch.double)
    sorted_cloud = cloud[kd_order(cloud, torch.tensor([0, size]), 5)]
    entries = torch.stack([sorted_cloud[i * size // 32] for i in range(32)])
    x = joined(encoder.convs(resolutions(entries.T[None])))
    points, pooled = encoder(sorted_cloud, torch.zeros(size, dtype=torch.long), 1)
    assert torch.allclose(pooled, encoder.last(x.flatten(1)))
    empty = encoder.last(torch.zeros(12 * 16, dtype=torch.double))
    for rank, feature in enumerate(points):
        alone = torch.zeros(12, 16, dtype=torch.double)
        alone[:, rank * 16 // size] = x[0, :, rank * 16 // size]
        assert torch.allclose(feature, encoder.last(alone.flatten()) - empty * 15 / 16)


def test_features_are_the_same_alone_in_a_batch_and_in_any_order() -> None:
    encoder, sizes = make(64), torch.tensor([64, 20, 100])
    clouds = [torch.randn(int(n), 3, dtype=torch.double) for n in sizes]
    _, together = encoder(torch.cat(clouds), torch.arange(3).repeat_interleave(sizes), 3)
    for cloud, feature in zip(clouds, together, strict=True):
        shuffled = cloud[torch.randperm(len(cloud))]
        _, alone = encoder(shuffled, torch.zeros(len(cloud), dtype=torch.long), 1)
        assert torch.allclose(alone[0], feature)


def test_the_list_has_a_power_of_two_of_entries_and_32_at_least() -> None:
    for num_points in (48, 16):
        with raises(ConfigError, argument="num_points", got=num_points):
            MRTNetEncoder(8, num_points)
