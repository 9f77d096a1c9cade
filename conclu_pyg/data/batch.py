"""Conversion of an array of clouds to a PyG batch, without a Python loop over the clouds."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Batch


def batch_clouds(pos: Tensor, *, y: Tensor | None = None, part: Tensor | None = None) -> Batch:
    """Returns clouds of equal size as a PyG batch; its points are a view of ``pos``, not a copy.

    Args:
        pos: coordinates.
        y: a label for each cloud (default: none).
        part: a label for each point (default: none).

    Shapes:
        - **pos:** ``[B, N, 3]``, **y:** ``[B]``, **part:** ``[B, N]``
        - **output:** ``Batch`` with ``pos [B*N, 3]``, ``batch [B*N]``, ``ptr [B+1]``, ``y [B]``, ``part [B*N]``
    """
    size, num_points = pos.shape[:2]
    clouds = torch.arange(size + 1)
    ptr = clouds * num_points
    batch = Batch(
        pos=pos.reshape(-1, 3),
        batch=clouds[:-1].to(pos.device).repeat_interleave(num_points),
        ptr=ptr.to(pos.device),
    )
    cuts = {"pos": ptr}
    if y is not None:
        batch.y, cuts["y"] = y, clouds
    if part is not None:
        batch.part, cuts["part"] = part.reshape(-1), ptr
    # So that to_data_list() and batch[i] work, as they do after Batch.from_data_list.
    batch._slice_dict, batch._inc_dict = cuts, dict.fromkeys(cuts)
    return batch
