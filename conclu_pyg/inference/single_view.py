"""The share of a cloud's points that a camera in one place sees: nearly all of a scan from one side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from torch_geometric.data import Batch, Data

from conclu_pyg.transforms.clouds import cloud_layout
from conclu_pyg.transforms.occlude import OccludeFromViewpoint

# To the corners, edges and faces of a cube.
DIRECTIONS = np.array([each for each in product((-1.0, 0.0, 1.0), repeat=3) if any(each)])


def best_view_shares(clouds: Sequence[np.ndarray]) -> np.ndarray:
    """Returns the largest share of each cloud's points that is seen from one of 26 directions, by a z-buffer
    (:class:`~conclu_pyg.transforms.occlude.OccludeFromViewpoint`).

    The share depends on the number of points, which sets the resolution of the picture: compare clouds of about equal
    numbers.

    Shapes:
        - **clouds:** ``[N, 3]`` each, **output:** float32 ``[n]``, from 0 to 1
    """
    camera = OccludeFromViewpoint()
    batch = Batch.from_data_list([Data(pos=torch.as_tensor(points, dtype=torch.float32)) for points in clouds])
    layout = cloud_layout(batch)
    best = torch.zeros(layout.size)
    for direction in DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True):
        towards = torch.as_tensor(direction, dtype=torch.float32).expand(layout.size, 3)
        seen = camera.visible(batch.pos, layout, towards).float()
        best = torch.maximum(best, torch.zeros(layout.size).index_add_(0, layout.batch, seen) / layout.counts)
    return best.numpy()
