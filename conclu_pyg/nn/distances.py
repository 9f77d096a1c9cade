"""Distances between the points of two clouds."""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def distances(a: Tensor, b: Tensor) -> Tensor:
    """Return the Euclidean distances of all pairs, by differences of coordinates: in float32 or a wider type of ``a``,
    also under autocast, and each as if the pair were alone.

    Shapes:
        - **a:** ``[B, N, 3]``, **b:** ``[B, M, 3]``, **output:** ``[B, N, M]``
    """
    dtype = torch.promote_types(a.dtype, torch.float32)
    with torch.autocast(a.device.type, enabled=False):
        return torch.cdist(a.to(dtype), b.to(dtype), compute_mode="donot_use_mm_for_euclid_dist")
