"""Dropping points at random."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.errors import ConfigError
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, keep_smallest


@TRANSFORMS.register_module()
class RandomPointDropout(BaseTransform):
    r"""Takes points away from each cloud, every point as likely as another.

    Of a cloud's :math:`n` points, :math:`\max(1, \mathrm{round}((1 - \mathrm{share}) \cdot n))` remain.

    Args:
        share: the share of the points that goes, in [0, 1) (default: 0.5).

    Raises:
        ConfigError: ``share`` is outside [0, 1).
    """

    def __init__(self, share: float = 0.5) -> None:
        if not 0 <= share < 1:
            raise ConfigError(f"RandomPointDropout takes a share of points to drop in [0, 1), found share = {share}.")
        self.share = share

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        if self.share == 0:
            return data
        return keep_smallest(data, torch.rand(len(data.pos), device=data.pos.device), clouds, 1 - self.share)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(share={self.share})"
