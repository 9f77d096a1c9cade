"""Dropping points at random."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import DropFraction
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, keep_smallest


@TRANSFORMS.register_module()
class RandomPointDropout(BaseTransform):
    r"""Takes points away from each cloud, every point as likely as another.

    Of a cloud's :math:`n` points, :math:`\max(1, \mathrm{round}((1 - \mathrm{share}) \cdot n))` remain.

    Args:
        share: the share of the points that goes, in [0, 1) (default: 0.5).

    Raises:
        ArgumentError: ``share`` is outside [0, 1).
    """

    @validated
    def __init__(self, share: DropFraction = 0.5) -> None:
        self.share = share

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        if self.share == 0:
            return data
        return keep_smallest(data, torch.rand(len(data.pos), device=data.pos.device), clouds, 1 - self.share)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(share={self.share})"
