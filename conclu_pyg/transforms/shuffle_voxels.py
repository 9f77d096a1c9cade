"""Permutation of the voxels of a cloud."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Interval
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform
from torch_geometric.utils import scatter

from conclu_pyg.arguments import validated
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, set_point_attribute

VoxelsPerAxis = Annotated[int, Interval(ge=2, le=16)]


@TRANSFORMS.register_module()
class ShuffleVoxels(BaseTransform):
    """Divides the cube around each cloud into k x k x k voxels and moves them to each other's places, by a uniform
    permutation for each cloud (`Sauder and Sievers, 2019 <https://arxiv.org/abs/1901.08396>`_, section 3).

    The cube is centred on the cloud's bounding box and has its longest side. All voxels are permuted, empty ones too,
    so points may move to where no point was. A point keeps its place within its voxel. The voxel that it came from is
    attached as ``voxel [M]``, numbered with z fastest, from 0 to k^3 - 1.

    Args:
        k: voxels along each axis, from 2 to 16 (default: 3).

    Raises:
        ArgumentError: ``k`` is outside [2, 16].
    """

    @validated
    def __init__(self, k: VoxelsPerAxis = 3) -> None:
        self.k = k

    def forward(self, data: Data) -> Data:
        clouds, k, pos = cloud_layout(data), self.k, data.pos
        low, high = (scatter(pos, clouds.batch, 0, clouds.size, reduce=reduce) for reduce in ("min", "max"))  # (B, 3)
        side = (high - low).amax(dim=1, keepdim=True)  # (B, 1)
        corner = (low + high - side) / 2
        # Points that coincide are all in voxel 0 and stay where they are, because its side is 0.
        size = side.clamp(min=torch.finfo(pos.dtype).tiny)[clouds.batch] / k  # (M, 1)
        voxel = ((pos - corner[clouds.batch]) / size).long().clamp(0, k - 1)  # (M, 3)
        strides = torch.tensor([k * k, k, 1], device=pos.device)
        source = (voxel * strides).sum(dim=1)  # (M,)
        places = torch.rand(clouds.size, k**3, device=pos.device).argsort(dim=1)  # (B, k^3)
        target = places[clouds.batch, source, None] // strides % k  # (M, 3)
        data.pos = pos + (target - voxel) * (side[clouds.batch] / k)
        set_point_attribute(data, "voxel", source)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(k={self.k})"
