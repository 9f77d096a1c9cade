"""A cloud of any size as clouds of the size that a model knows."""

from __future__ import annotations

import torch
from torch import Tensor


def random_subsets(size: int, num_points: int, generator: torch.Generator) -> Tensor:
    """The points of a cloud dealt out at random, so that each subset is a sparser copy of the whole shape; what the
    last one lacks is drawn from the others again.

    Args:
        size: how many points there are; with fewer than ``num_points`` there is one subset, which has all of them.
        num_points: how many a subset has.
        generator: of the draw.

    Shapes:
        - **output:** int64 ``[subsets, min(size, num_points)]``, in which every point is
    """
    each = min(size, num_points)
    order = torch.randperm(size, generator=generator)
    missing = -size % each
    return torch.cat([order, order[:missing]]).view(-1, each)
