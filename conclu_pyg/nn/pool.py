"""Max pooling over the points of each cloud."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.utils import scatter


def equal_clouds(batch: Tensor, batch_size: int) -> int | None:
    """Return the number of points per cloud if all clouds have equally many, one after another, else None.

    Shapes:
        - **batch:** ``[M]``
    """
    num_points, rest = divmod(len(batch), batch_size)
    if rest or not num_points:
        return None
    clouds = torch.arange(batch_size, device=batch.device)
    return num_points if bool((batch.view(batch_size, num_points) == clouds[:, None]).all()) else None


def max_pool(x: Tensor, batch: Tensor, batch_size: int) -> Tensor:
    """Return the maximum of each channel over the points of each cloud.

    Shapes:
        - **x:** ``[M, C]``, **batch:** ``[M]``, **output:** ``[B, C]``
    """
    num_points = equal_clouds(batch, batch_size)
    if num_points is not None:
        return x.view(batch_size, num_points, -1).amax(dim=1)
    return scatter(x, batch, dim=0, dim_size=batch_size, reduce="max")
