"""Reference implementation of the neighbour search."""

from __future__ import annotations

import torch
from torch import Tensor

from conclu_pyg.neighbors.base import Neighbors


class ReferenceNeighbors(Neighbors):
    r"""Neighbours as DGCNN's authors compute them: all negative squared distances of a batch at once, as
    :math:`2 x_i \cdot x_j - |x_i|^2 - |x_j|^2`, and the k largest of each row. Clouds of different sizes are searched
    one after another. It allocates tensors of shape ``[B, N, N]``.

    Shapes:
        - **x:** ``[M, D]``, **batch:** ``[M]``, **output:** ``[M, k]``, rows of x, -1 where a cloud has fewer than k
    """

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        if len(set(sizes)) == 1:
            starts = torch.arange(0, len(x), sizes[0], device=x.device)
            return _nearest(x.view(len(sizes), sizes[0], -1), starts, k)
        starts = torch.tensor(sizes, device=x.device).cumsum(0).roll(1)
        starts[0] = 0
        return torch.cat([_nearest(cloud[None], start, k) for cloud, start in zip(x.split(sizes), starts, strict=True)])


def _nearest(clouds: Tensor, starts: Tensor, k: int) -> Tensor:
    """Return the rows of the k nearest points of each point.

    Shapes:
        - **clouds:** ``[B, N, D]``, **starts:** ``[B]``, the first row of each cloud, **output:** ``[B * N, k]``
    """
    inner = -2 * torch.matmul(clouds, clouds.transpose(1, 2))
    squares = clouds.square().sum(dim=2, keepdim=True)  # (B, N, 1)
    distance = -squares - inner - squares.transpose(1, 2)  # (B, N, N)
    found = min(k, clouds.size(1))
    index = distance.topk(found).indices + starts.view(-1, 1, 1)
    return torch.nn.functional.pad(index.flatten(0, 1), (0, k - found), value=-1)
