"""Transformers on tokens that have a position in space."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from conclu_pyg.errors import ArgumentError, Issue

POSITION_CHANNELS = 128  # hidden size of the position's perceptron, as in Point-MAE
MLP_RATIO = 4
INIT_STD = 0.02


class TransformerBlock(nn.Module):
    """Self-attention and a perceptron, each after a layer norm and added to its input
    (`Dosovitskiy et al. <https://arxiv.org/abs/2010.11929>`_, equations 2 and 3).

    Args:
        channels: size of a token.
        num_heads: attention heads, a divisor of ``channels``.

    Shapes:
        - **x:** ``[B, L, channels]``, **mask:** bool ``[B, 1, 1, L]``, true for the tokens that others attend to
        - **output:** ``[B, L, channels]``
    """

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(channels)
        self.query_key_value = nn.Linear(channels, 3 * channels, bias=False)
        self.attended = nn.Linear(channels, channels)
        hidden = MLP_RATIO * channels
        self.mlp = nn.Sequential(
            nn.LayerNorm(channels), nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels)
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        heads = self.query_key_value(self.norm(x)).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(dim=0)  # (B, H, L, channels / H) each
        attended = scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        x = x + self.attended(attended)
        return x + self.mlp(x)


class PointTokens(nn.Module):
    """Transformer blocks, each of which adds the embedded position of the tokens to its input, and a last layer norm
    (`Point-MAE <https://arxiv.org/abs/2203.06604>`_, sections 3.1 and 3.2). Padding has no effect on other tokens.

    Args:
        channels: size of a token.
        depth: number of blocks.
        num_heads: attention heads, a divisor of ``channels``.

    Shapes:
        - **x:** ``[B, L, channels]``, **centers:** ``[B, L, 3]``, **valid:** bool ``[B, L]``, false for padding
        - **output:** ``[B, L, channels]``

    Raises:
        ArgumentError: ``num_heads`` does not divide ``channels``.
    """

    def __init__(self, channels: int, depth: int, num_heads: int) -> None:
        super().__init__()
        if channels % num_heads:
            message = f"expected num_heads that divides the number of features, {channels}, got {num_heads}; use 4 "
            message += "heads and a multiple of 4, for example."
            expected = f"a divisor of {channels}"
            raise ArgumentError(Issue(message, argument="num_heads", got=num_heads, expected=expected))
        self.position = nn.Sequential(
            nn.Linear(3, POSITION_CHANNELS), nn.GELU(), nn.Linear(POSITION_CHANNELS, channels)
        )
        self.blocks = nn.ModuleList(TransformerBlock(channels, num_heads) for _ in range(depth))
        self.norm = nn.LayerNorm(channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights of linear layers from a normal distribution of deviation 0.02, and set their biases to 0."""
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=INIT_STD)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, centers: Tensor, valid: Tensor) -> Tensor:
        return self.outputs(x, centers, valid)[-1]

    def outputs(self, x: Tensor, centers: Tensor, valid: Tensor) -> list[Tensor]:
        """Return the tokens after each block, with the last layer norm.

        Shapes:
            - **output:** ``[B, L, channels]`` each
        """
        position, mask = self.position(centers), valid[:, None, None]
        tokens = []
        for block in self.blocks:
            x = block(x + position, mask)
            tokens.append(x)
        return [self.norm(x) for x in tokens]


def pool_tokens(x: Tensor, valid: Tensor) -> Tensor:
    """Return the sum of the mean and the maximum of the tokens of each cloud.

    Shapes:
        - **x:** ``[B, L, C]``, **valid:** bool ``[B, L]``, at least one true in each row; **output:** ``[B, C]``
    """
    padding = ~valid[:, :, None]
    mean = x.masked_fill(padding, 0).sum(dim=1) / valid.sum(dim=1, keepdim=True)
    return mean + x.masked_fill(padding, -torch.inf).amax(dim=1)
