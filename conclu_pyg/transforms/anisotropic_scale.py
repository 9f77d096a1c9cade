"""Random scale along each axis."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveFloat
from conclu_pyg.errors import ConfigError
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout


@TRANSFORMS.register_module()
class RandomAnisotropicScale(BaseTransform):
    """Multiplies each axis of each cloud by its own factor, uniform in [low, high].

    Args:
        low: the smallest factor (default: 2/3).
        high: the largest factor (default: 3/2).

    Raises:
        ConfigError: not 0 < ``low`` <= ``high``.
    """

    @validated
    def __init__(self, low: PositiveFloat = 2 / 3, high: PositiveFloat = 3 / 2) -> None:
        if low > high:
            raise ConfigError(
                f"RandomAnisotropicScale: low must be <= high, got {low} and {high}.", argument="low", got=low
            )
        self.low = low
        self.high = high

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        factor = torch.rand(clouds.size, 3, device=data.pos.device, dtype=data.pos.dtype)
        factor = self.low + (self.high - self.low) * factor  # (B, 3)
        data.pos = data.pos * factor[clouds.batch]
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(low={self.low:.4g}, high={self.high:.4g})"
