"""PCN's decoder, from coarse to fine."""

import pytest
import torch
from helpers import raises

from conclu_pyg.decoders.base import decoded_levels
from conclu_pyg.decoders.mlp import MLPDecoder
from conclu_pyg.decoders.pcn import PCNDecoder
from conclu_pyg.errors import ConfigError


def test_each_coarse_point_becomes_a_folded_patch() -> None:
    decoder = PCNDecoder(8, 36, grid_side=3, grid_scale=0.2, hidden_channels=(6, 5)).double()
    latent = torch.randn(2, 8, dtype=torch.double)
    coarse, fine = decoder.levels(latent)
    assert coarse.shape == (2, 4, 3) and fine.shape == (2, 36, 3) and torch.equal(decoder(latent), fine)
    folding, ticks = decoder.folding, (-0.2, 0.0, 0.2)
    for cloud, whole, feature in zip(coarse, fine, latent, strict=True):
        for i, center in enumerate(cloud):
            grid = [torch.tensor([x, y], dtype=torch.double) for x in ticks for y in ticks]
            for j, point in enumerate(grid):
                weight = torch.cat([folding.of_point.weight, folding.of_cloud.weight], dim=1)
                x = (weight @ torch.cat([point, center, feature]) + folding.of_cloud.bias).relu()
                assert torch.allclose(whole[9 * i + j], center + folding.last(folding.hidden(x).relu()), atol=1e-7)


def test_the_levels_of_another_decoder_are_its_output() -> None:
    decoder, latent = MLPDecoder(8, 5), torch.randn(2, 8)
    (level,) = decoded_levels(decoder, latent)
    assert torch.equal(level, decoder(latent))
    assert len(decoded_levels(PCNDecoder(8, 16), latent)) == 2


def test_the_points_are_whole_patches() -> None:
    with raises(ConfigError, argument="num_points", got=1000):
        PCNDecoder(8, 1000)
    with pytest.raises(ConfigError, match="must be a multiple of grid_side squared, 16, got 1000; use 992"):
        PCNDecoder(8, 1000)
