"""Clipped Gaussian jitter."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.errors import ConfigError
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout


@TRANSFORMS.register_module()
class GaussianJitter(BaseTransform):
    """Adds to every coordinate noise from N(0, sigma^2), clipped to [-clip, clip]
    (`ConClu <https://arxiv.org/abs/2202.02543>`_, section 3.1).

    Args:
        sigma: standard deviation, in units of the coordinates (default: 0.01).
        clip: the largest displacement along an axis, in the same units (default: 0.025).

    Raises:
        ConfigError: ``sigma`` or ``clip`` is negative.
    """

    def __init__(self, sigma: float = 0.01, clip: float = 0.025) -> None:
        if not (sigma >= 0 and clip >= 0):
            raise ConfigError(f"GaussianJitter takes sigma and clip of at least 0, found {sigma} and {clip}.")
        self.sigma = sigma
        self.clip = clip

    def forward(self, data: Data) -> Data:
        cloud_layout(data)
        data.pos = data.pos + (self.sigma * torch.randn_like(data.pos)).clamp_(-self.clip, self.clip)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sigma={self.sigma}, clip={self.clip})"
