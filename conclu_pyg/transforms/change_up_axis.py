"""Clouds of one convention for the vertical axis turned to another."""

from __future__ import annotations

from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform


class ChangeUpAxis(BaseTransform):
    """Turns clouds so that the coordinate that points up is another one, by exchanging the axes in a circle, which
    keeps them right-handed. Which way a shape faces is not known, and stays so.

    Args:
        source: the coordinate that points up in the data, 0, 1 or 2.
        target: the coordinate that points up afterwards.
    """

    def __init__(self, source: int, target: int) -> None:
        self.source, self.target = source, target

    def forward(self, data: Data) -> Data:
        data.pos = data.pos.roll(self.target - self.source, dims=1)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'xyz'[self.source]} to {'xyz'[self.target]})"
