"""Front halves of a cloud as seen from several sides."""

from __future__ import annotations

import math

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, order_in_cloud, set_point_attribute
from conclu_pyg.transforms.up_axis import LETTERS, UpAxis, axis_number, horizontal_axes


@TRANSFORMS.register_module()
class SplitByAngles(BaseTransform):
    """Divides each cloud into a front and a back half from V horizontal directions, at equal angles about the vertical
    axis (`MAP-VAE <https://arxiv.org/abs/1907.12704>`_).

    From each direction, the half of the points that lies farthest towards the viewer is the front: ceil(n / 2) of n
    points. The mask is attached as ``front [M, V]``; the points are left as they are.

    Args:
        num_angles: V (default: 12).
        up_axis: the coordinate that points up, ``x``, ``y`` or ``z``. Where it is left out, a pipeline passes the
            data set's own, by its number 0, 1 or 2 (default: z).

    Raises:
        ArgumentError: ``num_angles`` is below 1, or ``up_axis`` is no coordinate.
    """

    @validated
    def __init__(self, num_angles: PositiveInt = 12, up_axis: UpAxis = "z") -> None:
        self.num_angles = num_angles
        self.up_axis = axis_number(up_axis)

    def forward(self, data: Data) -> Data:
        clouds, pos = cloud_layout(data), data.pos
        u, v = horizontal_axes(self.up_axis)
        is_front = clouds.first_half  # of the points in the order of a direction
        front = torch.empty(len(pos), self.num_angles, dtype=torch.bool, device=pos.device)
        for i in range(self.num_angles):
            angle = 2 * math.pi * i / self.num_angles
            towards = math.cos(angle) * pos[:, u] + math.sin(angle) * pos[:, v]  # (M,)
            front[order_in_cloud(-towards, clouds), i] = is_front
        set_point_attribute(data, "front", front)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_angles={self.num_angles}, up_axis={LETTERS[self.up_axis]!r})"
