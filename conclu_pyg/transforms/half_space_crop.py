"""Random cropping by a half-space."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import KeepFraction
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, keep_smallest


@TRANSFORMS.register_module()
class RandomHalfSpaceCrop(BaseTransform):
    r"""Keeps the points of each cloud in a half-space of random direction, shifted so that a given share remains
    (`ConClu <https://arxiv.org/abs/2202.02543>`_, section 3.1).

    The direction is uniform on the sphere and drawn for each cloud; of a cloud's :math:`n` points,
    :math:`\max(1, \mathrm{round}(\mathrm{keep} \cdot n))` remain.

    Args:
        keep: the share of the points that remains, in (0, 1] (default: 0.85).

    Raises:
        ArgumentError: ``keep`` is outside (0, 1].
    """

    @validated
    def __init__(self, keep: KeepFraction = 0.85) -> None:
        self.keep = keep

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        if self.keep == 1:
            return data
        direction = torch.randn(clouds.size, 3, device=data.pos.device, dtype=data.pos.dtype)  # normalising changes
        if clouds.num_points is not None:  # no order within a cloud
            height = torch.bmm(data.pos.view(clouds.size, -1, 3), direction[:, :, None]).flatten()  # (M,)
        else:
            height = (data.pos * direction[clouds.batch]).sum(dim=1)
        return keep_smallest(data, height, clouds, self.keep)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(keep={self.keep})"
