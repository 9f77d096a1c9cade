"""Random rotation about the vertical axis."""

from __future__ import annotations

import math

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.errors import ConfigError
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import clouds_of


@TRANSFORMS.register_module()
class RandomVerticalRotate(BaseTransform):
    """Turns each cloud about the vertical axis by its own angle, uniform in [-degrees, degrees]
    (`ConClu <https://arxiv.org/abs/2202.02543>`_, section 3.1).

    Args:
        degrees: the largest angle (default: 5; 180 gives every heading).
        vertical_axis: the coordinate that points up, 0, 1 or 2. A pipeline passes the data set's own (default: 2).

    Raises:
        ConfigError: ``degrees`` is negative, or ``vertical_axis`` is none of 0, 1, 2.
    """

    def __init__(self, degrees: float = 5.0, vertical_axis: int = 2) -> None:
        if degrees < 0 or not math.isfinite(degrees):
            raise ConfigError(f"RandomVerticalRotate takes an angle of at least 0 degrees, found {degrees}.")
        if vertical_axis not in (0, 1, 2):
            raise ConfigError(f"RandomVerticalRotate takes 0, 1 or 2 as the vertical axis, found {vertical_axis}.")
        self.degrees = degrees
        self.vertical_axis = vertical_axis

    def forward(self, data: Data) -> Data:
        clouds = clouds_of(data)
        turn = 2 * torch.rand(clouds.size, device=data.pos.device, dtype=data.pos.dtype) - 1  # (B,)
        angle = math.radians(self.degrees) * turn
        cos, sin = angle.cos()[clouds.batch], angle.sin()[clouds.batch]
        u, v = (self.vertical_axis + 1) % 3, (self.vertical_axis + 2) % 3  # right-handed about the axis
        pos = data.pos.clone()
        pos[:, u] = cos * data.pos[:, u] - sin * data.pos[:, v]
        pos[:, v] = sin * data.pos[:, u] + cos * data.pos[:, v]
        data.pos = pos
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(degrees={self.degrees}, vertical_axis={self.vertical_axis})"
