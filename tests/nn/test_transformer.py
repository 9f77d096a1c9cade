"""Transformer blocks on tokens with positions, against loops."""

import math

import torch
from helpers import raises
from torch import Tensor, nn

from conclu_pyg.errors import ArgumentError
from conclu_pyg.nn.transformer import PointTokens, TransformerBlock, pool_tokens


def double(module: nn.Module) -> nn.Module:
    """In double precision, with weights and biases that are all but 0 and 1."""
    for parameter in module.double().parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


@torch.no_grad()
def block_by_loops(block: TransformerBlock, x: Tensor) -> Tensor:
    """Return the output for the tokens of one cloud, ``[L, C]``."""
    query, key, value = (block.query_key_value.weight @ block.norm(x).T).T.chunk(3, dim=1)
    size = x.size(1) // block.num_heads
    attended = torch.zeros_like(x)
    for head in range(block.num_heads):
        part = slice(head * size, (head + 1) * size)
        for i in range(len(x)):
            score = [math.exp(float(query[i, part] @ key[j, part]) / math.sqrt(size)) for j in range(len(x))]
            attended[i, part] = sum(s * value[j, part] for j, s in enumerate(score)) / sum(score)
    x = x + block.attended(attended)
    return x + block.mlp(x)


def tokens() -> tuple[PointTokens, Tensor, Tensor, Tensor]:
    module = double(PointTokens(6, 2, 3))
    assert isinstance(module, PointTokens)
    valid = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    return module, torch.randn(2, 5, 6).double(), torch.randn(2, 5, 3).double(), valid


def test_blocks_add_positions_and_attend_to_the_tokens_of_their_cloud() -> None:
    module, x, centers, valid = tokens()
    found = module.outputs(x, centers, valid)
    assert torch.equal(module(x, centers, valid), found[1])
    for cloud, num in enumerate((5, 3)):
        own, position = x[cloud, :num], module.position(centers[cloud, :num])
        for block, output in zip(module.blocks, found, strict=True):
            assert isinstance(block, TransformerBlock)
            own = block_by_loops(block, own + position)
            assert torch.allclose(output[cloud, :num], module.norm(own))


def test_padding_has_no_effect() -> None:
    module, x, centers, valid = tokens()
    changed = torch.where(valid[..., None], x, 100.0)
    before, after = module(x, centers, valid), module(changed, centers + ~valid[..., None], valid)
    assert torch.equal(before[valid], after[valid])
    assert torch.equal(pool_tokens(before, valid), pool_tokens(after, valid))


def test_tokens_are_pooled_by_their_mean_and_maximum() -> None:
    _, x, _, valid = tokens()
    for cloud, num, pooled in zip(x, (5, 3), pool_tokens(x, valid), strict=True):
        assert torch.allclose(pooled, cloud[:num].mean(dim=0) + cloud[:num].amax(dim=0))


def test_heads_must_divide_the_channels() -> None:
    with raises(ArgumentError, argument="num_heads", got=4):
        PointTokens(6, 1, 4)
