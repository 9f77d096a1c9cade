"""Random shift."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeFloat
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout


@TRANSFORMS.register_module()
class RandomTranslate(BaseTransform):
    """Moves each cloud by its own vector, uniform in [-distance, distance] along each axis.

    Args:
        distance: the largest shift along an axis, in units of the coordinates (default: 0.2).

    Raises:
        ArgumentError: ``distance`` is negative.
    """

    @validated
    def __init__(self, distance: NonNegativeFloat = 0.2) -> None:
        self.distance = distance

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        shift = torch.rand(clouds.size, 3, device=data.pos.device, dtype=data.pos.dtype)
        data.pos = data.pos + ((2 * shift - 1) * self.distance)[clouds.batch]
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(distance={self.distance})"
