"""Removal of a box from a cloud."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import Probability
from conclu_pyg.errors import ConfigError
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.boxes import in_random_box
from conclu_pyg.transforms.clouds import cloud_layout, keep_where


@TRANSFORMS.register_module()
class RandomCutout(BaseTransform):
    """Removes the points in a random box from each cloud (`STRL <https://arxiv.org/abs/2109.00179>`_, spatial
    augmentation).

    Each side of the box is uniform in [low, high], in sides of the cloud's bounding box. A cloud whose points are all
    in the box is left as it is.

    Args:
        low: the shortest side, in [0, 1] (default: 0.3).
        high: the longest side, in [0, 1] (default: 0.6).

    Raises:
        ArgumentError: a side outside [0, 1].
        ConfigError: ``low`` is above ``high``.
    """

    @validated
    def __init__(self, low: Probability = 0.3, high: Probability = 0.6) -> None:
        if low > high:
            raise ConfigError(f"RandomCutout: low must be <= high, got {low} and {high}.", argument="low", got=low)
        self.low, self.high = low, high

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        drawn = torch.rand(clouds.size, 3, device=data.pos.device, dtype=data.pos.dtype)
        cut = in_random_box(data.pos, clouds, self.low + (self.high - self.low) * drawn)
        return keep_where(data, ~cut, clouds)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(low={self.low}, high={self.high})"
