"""Unit-sphere normalisation."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform
from torch_geometric.utils import scatter

from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout


@TRANSFORMS.register_module()
class NormalizeUnitSphere(BaseTransform):
    """Moves each cloud's centroid to the origin and scales its farthest point to distance 1.

    A cloud whose points all coincide is moved to the origin and not scaled.
    """

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        if clouds.num_points is not None:
            points = data.pos.view(clouds.size, -1, 3)  # (B, N, 3)
            points = points - points[:, :1]  # points that coincide are 0 then, not a rounding error apart
            points = points - points.mean(dim=1, keepdim=True)
            radius = points.norm(dim=2).amax(dim=1)  # (B,)
            data.pos = (points / _safe(radius)[:, None, None]).view(-1, 3)
        else:
            points = data.pos - data.pos[clouds.ptr[clouds.batch]]
            centre = scatter(points, clouds.batch, 0, clouds.size, reduce="mean")
            points = points - centre[clouds.batch]
            radius = scatter(points.norm(dim=1), clouds.batch, 0, clouds.size, reduce="max")
            data.pos = points / _safe(radius)[clouds.batch, None]
        return data


def _safe(radius: torch.Tensor) -> torch.Tensor:
    return torch.where(radius > 0, radius, 1)
