"""Random rotation about any axis."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Interval
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout


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
        angle = self.degrees / 180 * 2 * torch.atan2(length, real)  # (B, 1), at most pi
        axis = imaginary / length.clamp(min=torch.finfo(drawn.dtype).tiny)
        turn = _matrix(axis, angle)  # (B, 3, 3)
        if clouds.num_points is not None:
            data.pos = torch.bmm(data.pos.view(clouds.size, -1, 3), turn.transpose(1, 2)).view(-1, 3)
        else:
            data.pos = (turn[clouds.batch] * data.pos[:, None]).sum(dim=2)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(degrees={self.degrees})"


def _matrix(axis: Tensor, angle: Tensor) -> Tensor:
    """Rodrigues' formula, R = cos a I + sin a [u] + (1 - cos a) u u^T, where [u] v is the cross product of u and v.

    Shapes:
        - **axis:** ``[B, 3]``, unit vectors, **angle:** ``[B, 1]``, **output:** ``[B, 3, 3]``
    """
    identity = torch.eye(3, dtype=axis.dtype, device=axis.device)
    crossed = torch.linalg.cross(axis[:, None], identity[None])  # row k is u x e_k, which is column k of [u]
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]  # (B, 1, 1)
    return cos * identity + sin * crossed.transpose(1, 2) + (1 - cos) * axis[:, :, None] * axis[:, None, :]
