"""Occlusion from a random viewpoint."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from annotated_types import Gt, Lt
from torch import Tensor
from torch.nn.functional import normalize
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform
from torch_geometric.utils import scatter

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeFloat, PositiveFloat
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import Clouds, cloud_layout, index_points


@TRANSFORMS.register_module()
class OccludeFromViewpoint(BaseTransform):
    """Keeps the points of each cloud that a camera at a random viewpoint sees, as a z-buffer decides
    (`OcCo <https://arxiv.org/abs/2010.01089>`_, section 3.1).

    The camera stands on a sphere around the middle of the cloud's bounding box, in a direction that is uniform and
    drawn for each cloud, and looks at the middle. Its square picture just holds the sphere around the middle that the
    farthest point lies on. Of the points in a pixel, those remain that are at most ``tolerance`` pixels farther away
    than the nearest one. The number of points that remain differs between clouds.

    Args:
        distance: of the camera from the middle, in radii of the sphere, above 1 (default: 3).
        points_per_pixel: mean number, which sets the resolution of the picture for each cloud. With fewer, the far side
            shows through the gaps between the points of the near side (default: 12).
        tolerance: in pixels, measured at the middle of the cloud (default: 1.5).

    Raises:
        ArgumentError: ``distance`` is at most 1, ``points_per_pixel`` not above 0, or ``tolerance`` negative.
    """

    @validated
    def __init__(
        self,
        distance: Annotated[float, Gt(1), Lt(math.inf)] = 3.0,
        points_per_pixel: PositiveFloat = 12.0,
        tolerance: NonNegativeFloat = 1.5,
    ) -> None:
        self.distance, self.points_per_pixel, self.tolerance = distance, points_per_pixel, tolerance

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        direction = normalize(torch.randn(clouds.size, 3, device=data.pos.device, dtype=data.pos.dtype), dim=1)
        index = self.visible(data.pos, clouds, direction).nonzero().flatten()  # (M',)
        counts = clouds.batch[index].bincount(minlength=clouds.size)
        return index_points(data, index, torch.cat([clouds.ptr[:1], counts.cumsum(dim=0)]))

    def visible(self, pos: Tensor, clouds: Clouds, direction: Tensor) -> Tensor:
        """Return whether each point is seen from the camera in the direction given for its cloud; at least one is.

        Args:
            pos: the points.
            clouds: their layout.
            direction: from the middle of each cloud to its camera, unit vectors.

        Shapes:
            - **pos:** ``[M, 3]``, **direction:** ``[B, 3]``, **output:** bool ``[M]``
        """
        size, batch = clouds.size, clouds.batch
        low, high = (scatter(pos, batch, 0, size, reduce=reduce) for reduce in ("min", "max"))  # (B, 3)
        offset = pos - ((low + high) / 2)[batch]
        radius = scatter(offset.norm(dim=1), batch, 0, size, reduce="max")  # (B,)
        radius = radius.clamp(min=torch.finfo(pos.dtype).tiny)
        offset = offset / radius[batch, None]  # within the unit sphere from here on
        right = _orthogonal(direction)
        up = torch.linalg.cross(direction, right)
        x, y, z = ((offset * axis[batch]).sum(dim=1) for axis in (right, up, direction))  # (M,) each
        depth = self.distance - z  # at least distance - 1, above 0
        half = 1 / (self.distance**2 - 1) ** 0.5  # half of the picture's side, at unit depth
        side = (clouds.counts / self.points_per_pixel).sqrt().long().clamp(min=1)  # (B,) pixels along a side
        column, row = (
            ((coordinate / depth / half + 1) / 2 * side[batch]).long().clamp(min=0).minimum(side[batch] - 1)
            for coordinate in (x, y)
        )
        pixels = side.square().cumsum(dim=0)  # where the pixels of each cloud end
        pixel = (pixels - side.square())[batch] + row * side[batch] + column  # (M,)
        total = int(len(pos) / self.points_per_pixel) + size  # at least the number of pixels
        nearest = torch.full((total,), torch.inf, dtype=pos.dtype, device=pos.device)
        nearest.scatter_reduce_(0, pixel, depth, reduce="amin")
        pixel_size = 2 * half * self.distance / side.to(pos.dtype)
        return depth <= nearest[pixel] + self.tolerance * pixel_size[batch]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(distance={self.distance}, points_per_pixel={self.points_per_pixel}, "
            f"tolerance={self.tolerance})"
        )


def _orthogonal(direction: Tensor) -> Tensor:
    """Return a unit vector orthogonal to each of the unit vectors, ``[B, 3]``."""
    other = torch.eye(3, dtype=direction.dtype, device=direction.device)[direction.abs().argmin(dim=1)]
    return normalize(torch.linalg.cross(direction, other), dim=1)
