"""The frozen encoder's features of a whole split."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.map_split import map_split
from conclu_pyg.encoders.base import pooled_features


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
    x = map_split(encoder, lambda clouds: pooled_features(encoder, clouds), split, device, batch_size)
    return Features(x, split.y)
