"""Random boxes within the bounding box of a cloud."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.utils import scatter

from conclu_pyg.transforms.clouds import Clouds


def in_random_box(pos: Tensor, clouds: Clouds, shares: Tensor) -> Tensor:
    """Return which points are inside of a box in their cloud's bounding box, at a uniformly random place. An axis
    along which the cloud has no extent is ignored.

    Args:
        pos: the points.
        clouds: their layout.
        shares: the sides of the box, in sides of the bounding box, in [0, 1].

    Shapes:
        - **pos:** ``[M, 3]``, **shares:** ``[B, 3]``, **output:** bool ``[M]``
    """
    low, high = (scatter(pos, clouds.batch, 0, clouds.size, reduce=reduce) for reduce in ("min", "max"))  # (B, 3)
    extent = high - low
    begin = torch.rand_like(shares) * (1 - shares)
    place = (pos - low[clouds.batch]) / extent.clamp(min=torch.finfo(pos.dtype).tiny)[clouds.batch]  # (M, 3), 0 to 1
    inside = (place >= begin[clouds.batch]) & (place <= (begin + shares)[clouds.batch])
    return (inside | (extent == 0)[clouds.batch]).all(dim=1)
