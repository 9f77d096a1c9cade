"""MRTNet's decoder."""

import torch
from helpers import raises

from conclu_pyg.decoders.tree import TreeDecoder
from conclu_pyg.errors import ConfigError


def test_the_list_doubles_until_it_has_all_points() -> None:
    decoder = TreeDecoder(8, 128, channels=(6, 5))
    assert [conv.convs[0][0].in_channels for conv in decoder.convs] == [12, 10, 10]
    cloud = decoder(torch.randn(3, 8))
    assert cloud.shape == (3, 128, 3) and cloud.abs().max() <= 1


def test_the_number_of_points_is_a_power_of_two() -> None:
    for num_points in (8, 100):
        with raises(ConfigError, argument="num_points", got=num_points):
            TreeDecoder(8, num_points)
