"""Reference implementations of EdgeConv and PooledLinear."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d

from conclu_pyg.nn.pooled_linear import PooledLinear


class ReferenceEdgeConv(nn.Module):
    """:class:`~conclu_pyg.nn.edge_conv.EdgeConv` as DGCNN's authors implement it: neighbours gathered, ``(x_i, x_j -
    x_i)`` concatenated with channels first, a 1x1 convolution, batch norm over all edges, LeakyReLU and the maximum
    over the neighbours. Arguments and weights are those of ``EdgeConv``.

    Neighbours that tie for a maximum share its gradient.

    Shapes:
        - **x:** ``[M, in_channels]``, **index:** ``[M, k]``, -1 where a point has fewer than k neighbours
        - **output:** ``[M, out_channels]``, 0 for a point without neighbours
    """

    def __init__(self, in_channels: int, out_channels: int, negative_slope: float = 0.2) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.linear = nn.Linear(2 * in_channels, out_channels, bias=False)
        self.norm = nn.BatchNorm1d(out_channels)
        self.act = nn.LeakyReLU(negative_slope)

    def forward(self, x: Tensor, index: Tensor) -> Tensor:
        valid = index >= 0  # (M, k)
        center = x[:, None].expand(-1, index.size(1), -1)
        edges = torch.cat([center, x[index.clamp(min=0)] - center], dim=2)  # (M, k, 2D)
        full = bool(valid.all())
        edges = edges.flatten(0, 1) if full else edges[valid]  # (E, 2D)
        edges = edges.t().contiguous()[None]  # (1, 2D, E)
        out = self.act(self.norm(conv1d(edges, self.linear.weight[:, :, None])))[0]  # (C, E)
        if full:
            return out.view(len(out), *index.shape).amax(dim=2).t()
        table = out.new_full((len(out), *index.shape), -torch.inf)
        table[:, valid] = out
        return table.amax(dim=2).t().masked_fill(~valid.any(dim=1, keepdim=True), 0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels})"


class ReferencePooledLinear(PooledLinear):
    """:class:`~conclu_pyg.nn.pooled_linear.PooledLinear` that always computes the per-point features and then their
    maximum. Arguments and weights are those of ``PooledLinear``.

    Shapes:
        - **x:** ``[M, in_channels]``, **batch:** ``[M]``
        - **per-point output:** ``[M, out_channels]``, **pooled output:** ``[B, out_channels]``
    """

    def pool(self, x: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        return self(x, batch, batch_size)[1]
