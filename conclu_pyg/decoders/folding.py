"""A decoder that folds a grid into the surface of a cloud."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.decoders.grids import gaussian_grid, sphere_grid, square_grid
from conclu_pyg.errors import ArgumentError, Issue
from conclu_pyg.registry import DECODERS

GRIDS = {"square": square_grid, "sphere": sphere_grid, "gaussian": gaussian_grid}


@DECODERS.register_module()
class FoldingDecoder(nn.Module):
    """Two successive foldings of a grid of points, each a perceptron of a point and the cloud's feature
    (`FoldingNet <https://arxiv.org/abs/1712.07262>`_, section 3.2).

    Args:
        in_channels: size of the pooled features.
        num_points: points of a cloud, of a ``square`` grid a square number (default: 1024, a grid of 32 by 32; the
            paper has 2025, 45 by 45).
        hidden_channels: size of the two hidden layers of each folding (default: 512).
        grid: ``square``, as in the paper, ``sphere`` or ``gaussian``, points of a normal distribution (default:
            square).

    Shapes:
        - **input:** ``[B, in_channels]``, **output:** ``[B, num_points, 3]``

    Raises:
        ArgumentError: a size below 1, another ``grid``, or ``num_points`` of a square grid is not a square number.
    """

    @validated
    def __init__(
        self,
        in_channels: PositiveInt,
        num_points: PositiveInt = 1024,
        hidden_channels: PositiveInt = 512,
        grid: Literal["square", "sphere", "gaussian"] = "square",
    ) -> None:
        super().__init__()
        side = math.isqrt(num_points)
        if grid == "square" and side * side != num_points:
            message = f"FoldingDecoder: num_points must be a square number, got {num_points}"
            message += f"; use {side**2} or {(side + 1) ** 2}."
            raise ArgumentError(Issue(message, argument="num_points", got=num_points, expected="a square number"))
        self.num_points = num_points
        # A random grid belongs to the checkpoint: another version of torch may draw another one.
        self.register_buffer("grid", GRIDS[grid](num_points), persistent=grid == "gaussian")  # (N, 2), or (N, 3)
        self.grid: Tensor
        self.first = Folding(self.grid.size(1), in_channels, hidden_channels)
        self.second = Folding(3, in_channels, hidden_channels)

    def forward(self, latent: Tensor) -> Tensor:
        return self.second(self.first(self.grid, latent), latent)


class Folding(nn.Module):
    """A perceptron with three layers on the points, each concatenated with its cloud's feature.

    The first layer's product with the feature is the same for all points of a cloud, so it is computed once.

    Args:
        point_channels: coordinates of an input point.
        in_channels: size of the pooled features.
        hidden_channels: size of the two hidden layers.

    Shapes:
        - **points:** ``[N, point_channels]`` or ``[B, N, point_channels]``, **latent:** ``[B, in_channels]``
        - **output:** ``[B, N, 3]``
    """

    def __init__(self, point_channels: int, in_channels: int, hidden_channels: int) -> None:
        super().__init__()
        self.of_point = nn.Linear(point_channels, hidden_channels, bias=False)
        self.of_cloud = nn.Linear(in_channels, hidden_channels)
        self.hidden = nn.Linear(hidden_channels, hidden_channels)
        self.last = nn.Linear(hidden_channels, 3)

    def forward(self, points: Tensor, latent: Tensor) -> Tensor:
        x = self.of_point(points) + self.of_cloud(latent)[:, None]  # (B, N, hidden_channels)
        return self.last(self.hidden(x.relu()).relu())
