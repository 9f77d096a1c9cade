"""Nearest neighbours in clouds of equal size, by operators that model formats such as ONNX have."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


class NearestInCloud(nn.Module):
    r"""Finds the k nearest points of each point in its cloud, including the point itself, by Euclidean distance.

    It is the search of :data:`conclu_pyg.NEIGHBORS` for the dense entry of encoders: a matrix product and a selection
    of the k smallest scores

    .. math::
        |x_j|^2 - 2 \, x_i \cdot x_j = (-2 x_i, 1) \cdot (x_j, |x_j|^2)

    of centred points, without a condition on values or sizes, so that it can be exported for any number of clouds and
    points. All scores are held at once. Points whose distances differ by less than the rounding error of
    :math:`|x|^2` may swap. In a cloud of fewer than k points the missing entries are the point itself. The order within
    a row is unspecified.

    Args:
        k: number of neighbours, at least 1.

    Shapes:
        - **x:** ``[B, N, D]``, **output:** int64 ``[B, N, k]``, from 0 to N - 1
    """

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(self, x: Tensor) -> Tensor:
        num_points, missing = x.size(1), (0, 0, 0, self.k - 1)
        x = x - x.mean(dim=1, keepdim=True)
        square = x.square().sum(dim=2, keepdim=True)
        # k - 1 points at infinity are added, so that there are always k to choose from.
        right = torch.cat([pad(x, missing), pad(square, missing, value=math.inf)], dim=2)
        score = torch.cat([-2 * x, torch.ones_like(square)], dim=2) @ right.transpose(1, 2)  # (B, N, N + k - 1)
        index = score.topk(self.k, dim=2, largest=False, sorted=False).indices
        own = torch.arange(num_points, device=x.device)
        return torch.where(index < num_points, index, own[:, None])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.k})"


def gather_points(x: Tensor, index: Tensor) -> Tensor:
    """Return the features of the points that ``index`` names in each cloud.

    Shapes:
        - **x:** ``[B, N, D]``, **index:** ``[B, N, k]``, **output:** ``[B, N, k, D]``
    """
    first = torch.arange(x.size(0), device=x.device) * x.size(1)
    rows = index + first[:, None, None]
    return x.flatten(0, 1).index_select(0, rows.flatten()).unflatten(0, rows.shape)  # one Gather in ONNX
