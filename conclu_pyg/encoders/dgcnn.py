"""DGCNN encoder."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt, PositiveInts
from conclu_pyg.encoders.checks import checked_input
from conclu_pyg.encoders.parts import pool_in_parts
from conclu_pyg.errors import ConcluWarning
from conclu_pyg.neighbors.base import NeighborSearch
from conclu_pyg.nn import EdgeConv, NearestInCloud, PooledLinear
from conclu_pyg.registry import ENCODERS, NEIGHBORS

NEGATIVE_SLOPE = 0.2  # of each LeakyReLU, as in DGCNN's experiments


@ENCODERS.register_module()
class DGCNN(nn.Module):
    r"""The classification network of `DGCNN <https://arxiv.org/abs/1801.07829>`_ up to its global feature: edge
    convolutions, each over the k nearest points in the space of the previous features; a last layer on their
    concatenated outputs; and the maximum over the points.

    Args:
        out_channels: number of features (default: 1024).
        k: number of neighbours per point, including itself; in a smaller cloud, all points are neighbours. A warning is
            issued once if k is at least the mean number of points per cloud (default: 20).
        channels: numbers of output channels of the edge convolutions (default: 64, 64, 128, 256).
        neighbors: config of the neighbour search, or the search (default: ``{name: auto}``).

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``
        - **output:** per-point features ``[M, out_channels]``, pooled features ``[B, out_channels]``

    Attributes:
        layer_channels: numbers of channels of the features that :meth:`layers` returns: ``channels``.

    Raises:
        ArgumentError: ``k`` or a number of channels is below 1, or ``channels`` is empty.
        DataError: the input violates the contract of encoders (:mod:`conclu_pyg.encoders.base`).
    """

    components: ClassVar = {"neighbors": NEIGHBORS}

    @validated
    def __init__(
        self,
        out_channels: PositiveInt = 1024,
        k: PositiveInt = 20,
        channels: PositiveInts = (64, 64, 128, 256),
        neighbors: Mapping[str, Any] | NeighborSearch | None = None,
    ) -> None:
        super().__init__()
        self.out_channels, self.k = out_channels, k
        self.layer_channels = list(channels)
        self.neighbors: NeighborSearch = NEIGHBORS.build(neighbors or {"name": "auto"})
        self.nearest = NearestInCloud(k)  # of the dense entry
        self.convs = nn.ModuleList(EdgeConv(i, o, NEGATIVE_SLOPE) for i, o in pairwise([3, *channels]))
        self.last = PooledLinear(sum(channels), out_channels, _activation)
        self._warned = False

    @checked_input
    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        self._warn_if_complete(len(pos), batch_size)
        return self.last(torch.cat(self._points(pos, batch, batch_size), dim=1), batch, batch_size)

    @checked_input
    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """Return the pooled features only, without allocating the per-point tensor ``[M, out_channels]``."""
        self._warn_if_complete(len(pos), batch_size)
        return pool_in_parts(self, self._pool, pos, batch, batch_size)

    @checked_input
    def layers(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[list[Tensor], Tensor]:
        """Return the per-point features of the edge convolutions, as DGCNN's part segmentation network reads them, and
        the pooled features.

        Shapes:
            - **output:** ``[M, c]`` for each c of ``layer_channels``, pooled features ``[B, out_channels]``
        """
        self._warn_if_complete(len(pos), batch_size)
        points = self._points(pos, batch, batch_size)
        return points, self.last.pool(torch.cat(points, dim=1), batch, batch_size)

    def dense(self, pos: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features of clouds of equal size, in evaluation mode; see :mod:`conclu_pyg.encoders.dense`.

        Shapes:
            - **pos:** ``[B, N, 3]``, **output:** ``[B, N, out_channels]``, ``[B, out_channels]``
        """
        return self.last.dense(torch.cat(self._dense_points(pos), dim=2))

    def dense_layers(self, pos: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return :meth:`layers` of clouds of equal size, in evaluation mode.

        Shapes:
            - **pos:** ``[B, N, 3]``, **output:** ``[B, N, c]`` for each c of ``layer_channels``, ``[B, out_channels]``
        """
        points = self._dense_points(pos)
        return points, self.last.dense(torch.cat(points, dim=2))[1]

    def _dense_points(self, pos: Tensor) -> list[Tensor]:
        features = [pos]
        for conv in self.convs:
            assert isinstance(conv, EdgeConv)
            features.append(conv.dense(features[-1], self.nearest(features[-1])))
        return features[1:]

    def _pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        return self.last.pool(torch.cat(self._points(pos, batch, batch_size), dim=1), batch, batch_size)

    def _points(self, pos: Tensor, batch: Tensor, batch_size: int) -> list[Tensor]:
        features = [pos]
        for conv in self.convs:
            x = features[-1]
            features.append(conv(x, self.neighbors(x, self.k, batch, batch_size)))
        return features[1:]  # (M, 64), (M, 64), (M, 128), (M, 256)

    def _warn_if_complete(self, num_points: int, batch_size: int) -> None:
        if not self._warned and num_points <= self.k * batch_size:  # the mean needs no synchronisation
            self._warned = True
            warnings.warn(
                f"DGCNN: expected k below the number of points per cloud, got k={self.k} for a mean of "
                f"{num_points / batch_size:g} points, so every point is a neighbour of every other; use a smaller k or "
                "more points.",
                ConcluWarning,
                stacklevel=2,
            )


def _activation() -> nn.Module:
    return nn.LeakyReLU(NEGATIVE_SLOPE)
