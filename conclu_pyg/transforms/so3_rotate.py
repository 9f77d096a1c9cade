"""Random rotation about any axis."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Interval
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, rotate
from conclu_pyg.transforms.rotation_sets import axis_angle_matrix


@TRANSFORMS.register_module()
class RandomSO3Rotate(BaseTransform):
    r"""Turns each cloud by its own rotation, uniform in SO(3), or by a part of such a rotation.

    A uniform rotation is a unit quaternion of random direction (`Shoemake
    <https://doi.org/10.1016/B978-0-08-050755-2.50036-1>`_, 1992), here of four normal numbers. It turns by an angle
    between 0 and 180 degrees about an axis that is uniform on the sphere; with fewer ``degrees``, the angle is
    :math:`\mathrm{degrees} / 180` of that.

    Args:
        degrees: the largest angle, in [0, 180] (default: 180, uniform in SO(3)).

    Raises:
        ArgumentError: ``degrees`` is outside [0, 180].
    """

    @validated
    def __init__(self, degrees: Annotated[float, Interval(ge=0, le=180)] = 180.0) -> None:
        self.degrees = degrees

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        drawn = torch.randn(clouds.size, 4, device=data.pos.device, dtype=data.pos.dtype)
        real, imaginary = drawn[:, :1].abs(), drawn[:, 1:]  # half of the sphere is enough: q and -q are one rotation
        length = imaginary.norm(dim=1, keepdim=True)
        angle = self.degrees / 180 * 2 * torch.atan2(length, real)[:, 0]  # (B,), at most pi
        axis = imaginary / length.clamp(min=torch.finfo(drawn.dtype).tiny)
        data.pos = rotate(data.pos, axis_angle_matrix(axis, angle), clouds)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(degrees={self.degrees})"
