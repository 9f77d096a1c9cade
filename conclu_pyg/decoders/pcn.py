"""A decoder from coarse to fine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from annotated_types import MaxLen, MinLen
from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveFloat, PositiveInt
from conclu_pyg.decoders.folding import Folding
from conclu_pyg.decoders.grids import square_grid
from conclu_pyg.decoders.mlp import MLPDecoder
from conclu_pyg.errors import ArgumentError, Issue
from conclu_pyg.registry import DECODERS


@DECODERS.register_module()
class PCNDecoder(nn.Module):
    r"""The decoder of `PCN <https://arxiv.org/abs/1808.00671>`_ (section 4.2): fully connected layers give a coarse
    cloud, and a folding replaces each of its points p by a patch of :math:`u^2` points

    .. math::
        y_{ij} = p_i + \mathrm{mlp}(g_j, p_i, v)

    with the points :math:`g_j` of a square grid and the feature v of the cloud.

    Args:
        in_channels: size of the pooled features.
        num_points: points of the fine cloud, a multiple of ``grid_side`` squared (default: 1024; the paper has 16,384).
        grid_side: u, points along a side of the grid (default: 4).
        grid_scale: half of the grid's side (default: 0.05; OcCo's code has 0.5).
        hidden_channels: sizes of the two hidden layers of the coarse cloud, and of the folding's (default: 1024
            and 512).

    Shapes:
        - **input:** ``[B, in_channels]``, **output:** ``[B, num_points, 3]``

    Raises:
        ArgumentError: a size below 1, or ``num_points`` is no multiple of ``grid_side`` squared.
    """

    @validated
    def __init__(
        self,
        in_channels: PositiveInt,
        num_points: PositiveInt = 1024,
        grid_side: PositiveInt = 4,
        grid_scale: PositiveFloat = 0.05,
        hidden_channels: Annotated[Sequence[PositiveInt], MinLen(2), MaxLen(2)] = (1024, 512),
    ) -> None:
        super().__init__()
        patch = grid_side**2
        if num_points % patch:
            message = f"PCNDecoder: num_points must be a multiple of grid_side squared, {patch}, got {num_points}"
            message += f"; use {max(1, num_points // patch) * patch}."
            expected = f"a multiple of {patch}"
            raise ArgumentError(Issue(message, argument="num_points", got=num_points, expected=expected))
        self.num_points = num_points
        self.register_buffer("grid", grid_scale * square_grid(patch), persistent=False)  # (u^2, 2)
        self.grid: Tensor
        self.coarse = MLPDecoder(in_channels, num_points // patch, (hidden_channels[0],) * 2)
        self.folding = Folding(5, in_channels, hidden_channels[1])

    def forward(self, latent: Tensor) -> Tensor:
        return self.levels(latent)[1]

    def levels(self, latent: Tensor) -> list[Tensor]:
        """Return the coarse and the fine cloud; see :func:`~conclu_pyg.decoders.base.decoded_levels`.

        Shapes:
            - **output:** ``[B, num_points / grid_side^2, 3]``, ``[B, num_points, 3]``
        """
        coarse = self.coarse(latent)
        centers = coarse.repeat_interleave(len(self.grid), dim=1)  # (B, N, 3)
        grid = self.grid.repeat(coarse.size(1), 1).expand(len(latent), -1, -1)  # (B, N, 2)
        return [coarse, centers + self.folding(torch.cat([grid, centers], dim=2), latent)]
