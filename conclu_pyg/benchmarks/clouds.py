"""The clouds that the cases work on. Only their sizes matter for the time, and that neighbours are near: they are
points on ellipsoids, in random order."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.data.batch import batch_clouds


def ellipsoids(size: int, num_points: int, device: torch.device, seed: int = 0) -> Batch:
    """A batch of clouds within the unit sphere, the same for the same seed (default: 0).

    Shapes:
        - **pos** of the output: ``[size * num_points, 3]``
    """
    generator = torch.Generator().manual_seed(seed)
    points = torch.nn.functional.normalize(torch.randn(size, num_points, 3, generator=generator), dim=2)
    axes = 0.3 + 0.7 * torch.rand(size, 1, 3, generator=generator)
    return batch_clouds((points * axes).to(device))


@torch.no_grad()
def nearest_points(clouds: Batch, k: int) -> Tensor:
    """The k nearest points of each point in its cloud, itself among them, as indices into the batch.

    Shapes:
        - **output:** ``[M, k]``
    """
    size = clouds.num_graphs
    pos = clouds.pos.view(size, -1, 3)
    parts = [torch.cdist(cloud, cloud).topk(k, largest=False).indices for cloud in pos]  # (N, k) each
    first = clouds.ptr[:-1, None, None]
    return (torch.stack(parts) + first).flatten(0, 1)
