"""Random rotation about the vertical axis."""

from __future__ import annotations

import math

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeFloat
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout
from conclu_pyg.transforms.up_axis import LETTERS, UpAxis, axis_number, horizontal_axes


@TRANSFORMS.register_module()
class RandomYawRotate(BaseTransform):
    """Turns each cloud about the vertical axis by its own angle, uniform in [-degrees, degrees]
    (`ConClu <https://arxiv.org/abs/2202.02543>`_, section 3.1).

    Args:
        degrees: the largest angle (default: 5; 180 gives every heading).
        up_axis: the coordinate that points up, ``x``, ``y`` or ``z``. Where it is left out, a pipeline passes the
            data set's own, by its number 0, 1 or 2, which is what the attribute holds (default: z).

    Raises:
        ArgumentError: ``degrees`` is negative, or ``up_axis`` is no coordinate.
    """

    @validated
    def __init__(self, degrees: NonNegativeFloat = 5.0, up_axis: UpAxis = "z") -> None:
        self.degrees = degrees
        self.up_axis = axis_number(up_axis)

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        turn = 2 * torch.rand(clouds.size, device=data.pos.device, dtype=data.pos.dtype) - 1  # (B,)
        angle = math.radians(self.degrees) * turn
        cos, sin = angle.cos()[clouds.batch], angle.sin()[clouds.batch]
        u, v = horizontal_axes(self.up_axis)
        pos = data.pos.clone()
        pos[:, u] = cos * data.pos[:, u] - sin * data.pos[:, v]
        pos[:, v] = sin * data.pos[:, u] + cos * data.pos[:, v]
        data.pos = pos
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(degrees={self.degrees}, up_axis={LETTERS[self.up_axis]!r})"
