"""Pooled features of a split from a frozen encoder."""

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


def embed_split(encoder: nn.Module, split: PointCloudSplit, device: torch.device, batch_size: int = 64) -> Features:
    """Returns the pooled features of the clean clouds, from all their points, with the encoder in evaluation mode.

    Args:
        encoder: the frozen encoder; its mode is restored afterwards.
        split: the clouds.
        device: the device of the encoder.
        batch_size: clouds per batch (default: 64).

    Raises:
        ConcluError: features that are not finite.
    """
    x = map_split(encoder, lambda clouds: pooled_features(encoder, clouds), split, device, batch_size)
    return Features(x, split.y)
