"""The frozen encoder's features of a whole split."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

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


@torch.inference_mode()
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
    was_training = encoder.training
    encoder.to(device).eval()
    parts = []
    try:
        with progress_bar() as bar:
            task = bar.add_task("features", total=len(split), status="")
            for indices in torch.arange(len(split)).split(batch_size):
                clouds = split.__getitems__(indices).to(device)
                parts.append(pooled_features(encoder, clouds).float().cpu())
                bar.update(task, advance=len(indices))
    finally:
        encoder.train(was_training)
    x = torch.cat(parts)
    if not x.isfinite().all():
        bad = int((~x.isfinite()).any(dim=1).nonzero()[0])
        raise ConcluError(f"the encoder gives features that are not finite, first for the cloud {split.names[bad]}.")
    return Features(x.numpy(), split.y)
