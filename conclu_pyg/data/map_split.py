"""What a frozen model gives for the clouds of a whole split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConcluError
from conclu_pyg.progress import progress_bar


@torch.inference_mode()
def map_split(
    module: nn.Module,
    function: Callable[[Batch], Tensor],
    split: PointCloudSplit,
    device: torch.device,
    batch_size: int,
    title: str = "features",
) -> np.ndarray:
    """The rows that ``function`` gives for the clouds of a split, while ``module`` is in evaluation mode; it and
    all its parts are in their own modes afterwards.

    Shapes:
        - **output:** ``[n, ...]``, float32 or integers

    Raises:
        ConcluError: a row that is not finite.
    """
    modes = [(part, part.training) for part in module.modules()]  # a frozen part of a model in training has its own
    module.to(device).eval()
    parts = []
    try:
        with progress_bar(title, len(split)) as bar:
            for indices in torch.arange(len(split)).split(batch_size):
                parts.append(function(split.__getitems__(indices).to(device)).cpu())
                bar.update(len(indices))
    finally:
        for part, was_training in modes:
            part.training = was_training
    rows = torch.cat(parts)
    rows = rows.float() if rows.is_floating_point() else rows
    if not rows.isfinite().all():
        bad = int((~rows.isfinite()).view(len(rows), -1).any(dim=1).nonzero()[0])
        raise ConcluError(f"the encoder gives features that are not finite, first for the cloud {split.names[bad]}.")
    return rows.numpy()
