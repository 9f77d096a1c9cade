"""DGCNN."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from conclu_pyg.errors import ConcluWarning, ConfigError
from conclu_pyg.nn import EdgeConv, PooledLinear, check_sizes
from conclu_pyg.registry import ENCODERS, NEIGHBORS

SLOPE = 0.2  # of each LeakyReLU, as in DGCNN's experiments


@ENCODERS.register_module()
class DGCNN(nn.Module):
    r"""The classification network of `DGCNN <https://arxiv.org/abs/1801.07829>`_ up to its global feature: edge
    convolutions, each over the k nearest points among the features before it; their outputs side by side, a last
    layer, and the maximum over the points.

    Args:
        out_channels: size of the features (default: 1024).
        k: how many nearest points each point has edges to, itself among them; a cloud of fewer points has that many.
            Where that is all of them on average, a warning says so once (default: 20).
        channels: sizes of the edge convolutions' outputs (default: 64, 64, 128, 256).
        neighbors: config of the search for the nearest points (default: ``{name: auto}``).

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``
        - **output:** per-point features ``[M, out_channels]``, pooled features ``[B, out_channels]``

    Attributes:
        layer_channels: sizes of what :meth:`layers` gives: ``channels``.

    Raises:
        ConfigError: a size or ``k`` below 1, or no edge convolution.
    """

    components: ClassVar = {"neighbors": NEIGHBORS}

    def __init__(
        self,
        out_channels: int = 1024,
        k: int = 20,
        channels: Sequence[int] = (64, 64, 128, 256),
        neighbors: Any = None,
    ) -> None:
        super().__init__()
        if not channels:
            raise ConfigError("DGCNN needs at least one edge convolution, found channels=[].")
        check_sizes(self, out_channels=out_channels, k=k, channels=min(channels))
        self.out_channels, self.k = out_channels, k
        self.layer_channels = list(channels)
        self.neighbors = NEIGHBORS.build(neighbors or {"name": "auto"})
        self.convs = nn.ModuleList(EdgeConv(fan_in, fan_out, SLOPE) for fan_in, fan_out in pairwise([3, *channels]))
        self.last = PooledLinear(sum(channels), out_channels, _activation)
        self._warned = False

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        return self.last(torch.cat(self._points(pos, batch, batch_size), dim=1), batch, batch_size)

    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """The pooled features alone, without the per-point tensor ``[M, out_channels]``."""
        return self.last.pool(torch.cat(self._points(pos, batch, batch_size), dim=1), batch, batch_size)

    def layers(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[list[Tensor], Tensor]:
        """The per-point features of the edge convolutions, as DGCNN's part segmentation network reads them, and the
        pooled features.

        Shapes:
            - **output:** ``[M, c]`` for each c of ``layer_channels``, pooled features ``[B, out_channels]``
        """
        points = self._points(pos, batch, batch_size)
        return points, self.last.pool(torch.cat(points, dim=1), batch, batch_size)

    def _points(self, pos: Tensor, batch: Tensor, batch_size: int) -> list[Tensor]:
        self._warn_of_complete_graphs(len(pos), batch_size)
        features = [pos]
        for conv in self.convs:
            x = features[-1]
            features.append(conv(x, self.neighbors(x, self.k, batch, batch_size)))
        return features[1:]  # (M, 64), (M, 64), (M, 128), (M, 256)

    def _warn_of_complete_graphs(self, num_points: int, batch_size: int) -> None:
        # From the mean, for which no device has to be waited for.
        if not self._warned and 0 < num_points <= self.k * batch_size:
            self._warned = True
            warnings.warn(
                f"model.encoder.k={self.k} is no less than the {num_points / batch_size:g} points of a cloud, so that "
                "every point is every other's neighbour; give a smaller k, or views of more points.",
                ConcluWarning,
                stacklevel=2,
            )


def _activation() -> nn.Module:
    return nn.LeakyReLU(SLOPE)
