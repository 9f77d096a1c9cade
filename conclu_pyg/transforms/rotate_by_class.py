"""Rotation by an element of a finite set."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Interval
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.arguments import validated
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.clouds import cloud_layout, rotate, set_cloud_attribute
from conclu_pyg.transforms.rotation_sets import Directions, rotation_set
from conclu_pyg.transforms.up_axis import LETTERS, UpAxis, axis_number

Angles = Annotated[int, Interval(ge=2, le=64)]


@TRANSFORMS.register_module()
class RotateByClass(BaseTransform):
    """Turns each cloud by a rotation of a finite set, whose number is attached as ``rotation [B]``
    (`Poursaeed et al., 2020 <https://arxiv.org/abs/2008.00305>`_, section 3).

    The classes are balanced: in a batch, their numbers of clouds differ by one at most, and each cloud has every class
    with the same probability.

    Args:
        directions: 6, 18 or 32 directions; see :func:`~conclu_pyg.transforms.rotation_sets.rotation_set` (default: 18).
        angles: multiples of 360 / ``angles`` degrees about each direction; ``None``: the up axis is turned to each
            direction instead (default: None).
        up_axis: the coordinate that points up, ``x``, ``y`` or ``z``. Where it is left out, a pipeline passes the
            data set's own, by its number 0, 1 or 2 (default: z).

    Attributes:
        rotations: the set, float64 ``[K, 3, 3]``.

    Raises:
        ArgumentError: another number of directions, ``angles`` outside [2, 64], or ``up_axis`` is no coordinate.
    """

    @validated
    def __init__(
        self,
        directions: Directions = 18,
        angles: Angles | None = None,
        up_axis: UpAxis = "z",
    ) -> None:
        self.directions, self.angles = directions, angles
        self.up_axis = axis_number(up_axis)
        self.rotations = rotation_set(directions, angles, self.up_axis)

    def forward(self, data: Data) -> Data:
        clouds, classes, device = cloud_layout(data), len(self.rotations), data.pos.device
        rounds = -(-clouds.size // classes)
        balanced = torch.randperm(classes, device=device).repeat(rounds)[: clouds.size]
        label = balanced[torch.randperm(clouds.size, device=device)]  # (B,)
        data.pos = rotate(data.pos, self.rotations.to(data.pos)[label], clouds)
        set_cloud_attribute(data, "rotation", label)
        return data

    def __repr__(self) -> str:
        own = f"directions={self.directions}, angles={self.angles}, up_axis={LETTERS[self.up_axis]!r}"
        return f"{type(self).__name__}({own})"
