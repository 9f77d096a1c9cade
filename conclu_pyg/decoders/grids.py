"""Points that a decoder folds into the surface of a cloud."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def square_grid(num_points: int) -> Tensor:
    """Return an even grid on the square from -1 to 1.

    Args:
        num_points: a square number.

    Shapes:
        - **output:** ``[num_points, 2]``
    """
    side = math.isqrt(num_points)
    ticks = torch.linspace(-1, 1, side) if side > 1 else torch.zeros(1)
    return torch.cartesian_prod(ticks, ticks)


def sphere_grid(num_points: int) -> Tensor:
    """Return points spread evenly on the unit sphere, along a spiral that turns by the golden angle from point to point
    (`Swinbank and Purser <https://doi.org/10.1256/qj.05.227>`_, 2006).

    Shapes:
        - **output:** ``[num_points, 3]``
    """
    index = torch.arange(num_points, dtype=torch.double)
    z = 1 - (2 * index + 1) / num_points
    radius, angle = (1 - z.square()).sqrt(), index * math.pi * (3 - math.sqrt(5))
    return torch.stack([radius * angle.cos(), radius * angle.sin(), z], dim=1).float()


def gaussian_grid(num_points: int) -> Tensor:
    """Return points of a normal distribution, the same in every call.

    Shapes:
        - **output:** ``[num_points, 3]``
    """
    return torch.randn(num_points, 3, generator=torch.Generator().manual_seed(0))
