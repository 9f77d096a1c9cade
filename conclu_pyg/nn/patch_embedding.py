"""A small PointNet that makes a token of each patch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from conclu_pyg.nn.cloud_linear import CloudLinear
from conclu_pyg.nn.mlp import mlp


class PatchEmbedding(nn.Module):
    """The embedding of `Point-MAE <https://arxiv.org/abs/2203.06604>`_ (section 3.1, equation 3): two layers on each
    point, the maximum over the patch as a further input of each point, two layers, and the maximum. Biases that a batch
    norm cancels are left out.

    Args:
        hidden_channels: sizes of the first two layers; the third has twice as many as the second.
        out_channels: size of a token.

    Shapes:
        - **input:** ``[T, k, 3]``, **output:** ``[T, out_channels]``
    """

    def __init__(self, hidden_channels: tuple[int, int], out_channels: int) -> None:
        super().__init__()
        first, second = hidden_channels
        self.local = nn.Sequential(*mlp([3, first]), nn.Linear(first, second, bias=False))
        self.whole = CloudLinear(second, second, 2 * second)
        self.last = nn.Sequential(nn.BatchNorm1d(2 * second), nn.ReLU(), nn.Linear(2 * second, out_channels))

    def forward(self, points: Tensor) -> Tensor:
        num, size = points.shape[:2]
        x = self.local(points.flatten(0, 1))  # (T k, second)
        largest = x.unflatten(0, (num, size)).amax(dim=1)
        patch = torch.arange(num, device=x.device).repeat_interleave(size)
        return self.last(self.whole(x, largest, patch)).unflatten(0, (num, size)).amax(dim=1)
