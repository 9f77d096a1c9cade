"""Division of a cloud into two halves by a random plane."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, index_points, order_in_cloud, set_point_attribute


@TRANSFORMS.register_module()
class SplitHalves(BaseTransform):
    """Divides each cloud by a plane of random orientation into two halves with the same number of points, as
    `ContrastNet <https://arxiv.org/abs/1904.12359>`_ cuts objects.

    The points are sorted along the plane's normal, whose direction is uniform on the sphere and drawn for each cloud:
    of n points, the first ceil(n / 2) are the first half. ``half [M]`` is 0 in the first half and 1 in the second.
    """

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        normal = torch.randn(clouds.size, 3, device=data.pos.device, dtype=data.pos.dtype)
        height = (data.pos * normal[clouds.batch]).sum(dim=1)  # (M,)
        out = index_points(data, order_in_cloud(height, clouds), clouds.ptr)
        set_point_attribute(out, "half", (~clouds.first_half).long())
        return out

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
