"""Covariances of points and their neighbours."""

from __future__ import annotations

import torch
from torch import Tensor


def local_covariance(pos: Tensor, index: Tensor) -> Tensor:
    r"""Return the covariance matrix of the neighbours of each point,

    .. math::
        C_i = \frac{1}{k_i} \sum_{j} (x_j - \bar x_i)(x_j - \bar x_i)^{\top}

    Args:
        pos: the coordinates.
        index: the neighbours of each point as a table, usually with the point itself.

    Shapes:
        - **pos:** ``[M, 3]``, **index:** ``[M, k]``, -1 where there is no neighbour, **output:** ``[M, 3, 3]``, 0 for a
          point without neighbours
    """
    present = (index >= 0)[:, :, None].to(pos.dtype)  # (M, k, 1)
    count = present.sum(dim=1, keepdim=True).clamp(min=1)
    neighbors = pos[index.clamp(min=0)] - pos[:, None]  # small numbers, wherever the cloud is
    mean = (neighbors * present).sum(dim=1, keepdim=True) / count
    offset = (neighbors - mean) * present
    return torch.bmm(offset.transpose(1, 2), offset) / count
