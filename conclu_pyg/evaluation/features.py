"""The frozen encoder's features of a whole split."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.engine.progress import progress_bar
from conclu_pyg.errors import ConcluError


class Features(NamedTuple):
    """Pooled features and labels of a split.

    Shapes:
        - **x:** float32 ``[n, C]``, **y:** int64 ``[n]``
    """

    x: np.ndarray
    y: np.ndarray


def embed(encoder: nn.Module, split: PointCloudSplit, device: torch.device, batch_size: int = 64) -> Features:
    """Pooled features of the clean clouds, all their points, with the encoder in evaluation mode.

    Args:
        encoder: the frozen encoder; its mode is as before afterwards.
        split: the clouds.
        device: where it runs.
        batch_size: clouds at a time (default: 64).

    Raises:
        ConcluError: features that are not finite.
    """
    x = apply_frozen(encoder, lambda clouds: pooled_features(encoder, clouds), split, device, batch_size)
    return Features(x, split.y)


@torch.inference_mode()
def apply_frozen(
    module: nn.Module,
    function: Callable[[Batch], Tensor],
    split: PointCloudSplit,
    device: torch.device,
    batch_size: int,
    title: str = "features",
) -> np.ndarray:
    """The rows that ``function`` gives for the clouds of a split, while ``module`` is in evaluation mode.

    Shapes:
        - **output:** ``[n, ...]``, float32 or integers

    Raises:
        ConcluError: a row that is not finite.
    """
    was_training = module.training
    module.to(device).eval()
    parts = []
    try:
        with progress_bar() as bar:
            task = bar.add_task(title, total=len(split))
            for indices in torch.arange(len(split)).split(batch_size):
                parts.append(function(split.__getitems__(indices).to(device)).cpu())
                bar.update(task, advance=len(indices))
    finally:
        module.train(was_training)
    rows = torch.cat(parts)
    rows = rows.float() if rows.is_floating_point() else rows
    if not rows.isfinite().all():
        bad = int((~rows.isfinite()).flatten(1).any(dim=1).nonzero()[0])
        raise ConcluError(f"the encoder gives features that are not finite, first for the cloud {split.names[bad]}.")
    return rows.numpy()
