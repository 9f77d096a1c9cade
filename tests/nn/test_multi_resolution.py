"""MRTNet's blocks, against sums over the lists written out."""

import pytest
import torch
from helpers import raises
from torch import Tensor

from conclu_pyg.errors import ConfigError
from conclu_pyg.nn.multi_resolution import MultiResolutionConv, depth_of_tree, joined, resolutions


def up(x: Tensor) -> Tensor:
    return torch.stack([x[:, :, i // 4] for i in range(4 * x.size(2))], dim=2)


def down(x: Tensor) -> Tensor:
    return torch.stack([x[:, :, 4 * i : 4 * i + 4].amax(dim=2) for i in range(x.size(2) // 4)], dim=2)


@pytest.mark.parametrize("transposed", [False, True])
def test_a_block_joins_neighbouring_resolutions_and_convolves(transposed: bool) -> None:
    block = MultiResolutionConv(3, 5, transposed=transposed, norm=False).double()
    x = tuple(torch.randn(2, 3, length, dtype=torch.double) for length in (32, 8, 2))
    inputs = (
        torch.cat([x[0], up(x[1])], dim=1),
        torch.cat([down(x[0]), x[1], up(x[2])], dim=1),
        torch.cat([down(x[1]), x[2]], dim=1),
    )
    for found, given, layers in zip(block(x), inputs, block.convs, strict=True):
        weight, bias = layers[0].weight, layers[0].bias
        if transposed:  # entry i makes entries 2 i and 2 i + 1
            parts = [torch.einsum("bi,iok->bok", given[:, :, i], weight) for i in range(given.size(2))]
            expected = torch.cat(parts, dim=2)
        else:
            pairs = [torch.einsum("bik,oik->bo", given[:, :, i : i + 2], weight) for i in range(0, given.size(2), 2)]
            expected = torch.stack(pairs, dim=2)
        assert torch.allclose(found, (expected + bias[:, None]).relu())


def test_resolutions_are_maxima_and_joined_by_repetition() -> None:
    x = torch.randn(2, 3, 32)
    fine, middle, coarse = resolutions(x)
    assert torch.equal(fine, x) and torch.equal(middle, down(x)) and torch.equal(coarse, down(down(x)))
    assert torch.equal(joined((fine, middle, coarse)), torch.cat([fine, up(middle), up(up(coarse))], dim=1))


def test_only_powers_of_two_are_trees() -> None:
    assert [depth_of_tree("Tree", n) for n in (1, 2, 1024)] == [0, 1, 10]
    with raises(ConfigError, argument="num_points", got=1000):
        depth_of_tree("Tree", 1000)
    with pytest.raises(ConfigError, match="must be a power of two, got 1000; use 512 or 1024"):
        depth_of_tree("Tree", 1000)
