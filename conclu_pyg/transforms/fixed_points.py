"""Sampling a fixed number of points."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, index_points, order_in_cloud


@TRANSFORMS.register_module()
class FixedPoints(BaseTransform):
    """Draws ``num_points`` points of each cloud: without replacement where it has as many; a smaller cloud keeps all
    its points, and the rest is drawn from them again.

    Args:
        num_points: points in each cloud afterwards (default: 1024).

    Raises:
        ArgumentError: ``num_points`` is below 1.
    """

    @validated
    def __init__(self, num_points: PositiveInt = 1024) -> None:
        self.num_points = num_points

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        device = data.pos.device
        shuffled = order_in_cloud(torch.rand(len(data.pos), device=device), clouds)  # (M,)
        slot = torch.arange(self.num_points, device=device).expand(clouds.size, -1)  # (B, num_points)
        counts = clouds.counts[:, None]
        if clouds.num_points is None or clouds.num_points < self.num_points:
            again = (torch.rand(slot.shape, device=device) * counts).long().clamp(max=counts - 1)
            slot = torch.where(slot < counts, slot, again)
        index = shuffled[(clouds.ptr[:-1, None] + slot).flatten()]
        return index_points(data, index, torch.arange(clouds.size + 1, device=device) * self.num_points)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.num_points})"
