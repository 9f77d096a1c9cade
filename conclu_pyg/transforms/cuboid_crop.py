"""Crop of a cloud to a box."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import KeepFraction
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.boxes import in_random_box
from conclu_pyg.transforms.clouds import cloud_layout, keep_where


@TRANSFORMS.register_module()
class RandomCuboidCrop(BaseTransform):
    """Keeps the points of each cloud in a random box (`STRL <https://arxiv.org/abs/2109.00179>`_, spatial
    augmentation).

    In units of the cloud's bounding box, the box has a volume uniform in [volume, 1] and sides in the ratio
    a : 1 : 1/a, on axes in random order, with log a uniform in [0, log aspect]; a side longer than 1 is cut to 1. A
    cloud without a point in the box is left as it is.

    Args:
        volume: the smallest volume, in (0, 1] (default: 0.6).
        aspect: the largest a, at least 1 (default: 4/3).

    Raises:
        ArgumentError: an argument outside its range.
    """

    @validated
    def __init__(self, volume: KeepFraction = 0.6, aspect: Annotated[float, Ge(1), Lt(math.inf)] = 4 / 3) -> None:
        self.volume, self.aspect = volume, aspect

    def forward(self, data: Data) -> Data:
        clouds, pos = cloud_layout(data), data.pos
        drawn = torch.rand(clouds.size, 5, device=pos.device, dtype=pos.dtype)
        side = (self.volume + (1 - self.volume) * drawn[:, :1]) ** (1 / 3)  # (B, 1)
        power = drawn[:, 2:].argsort(dim=1) - 1  # (B, 3): -1, 0 and 1 in random order
        shares = side * self.aspect ** (drawn[:, 1:2] * power)
        return keep_where(data, in_random_box(pos, clouds, shares.clamp(max=1)), clouds)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(volume={self.volume}, aspect={self.aspect:.4g})"
