"""Clipped Gaussian jitter."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeFloat
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
        ArgumentError: ``sigma`` or ``clip`` is negative.
    """

    @validated
    def __init__(self, sigma: NonNegativeFloat = 0.01, clip: Annotated[float, Ge(0)] = 0.025) -> None:
        self.sigma = sigma
        self.clip = clip

    def forward(self, data: Data) -> Data:
        cloud_layout(data)
        data.pos = data.pos + (self.sigma * torch.randn_like(data.pos)).clamp_(-self.clip, self.clip)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sigma={self.sigma}, clip={self.clip})"
