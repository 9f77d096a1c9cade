"""Features of clouds as a whole and of their points, for the comparison with normal clouds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.errors import ConcluError
from conclu_pyg.neighbors.auto import AutoNeighbors
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder

NEIGHBORHOOD = 16  # points, the point itself included
BATCH_SIZE = 16  # clouds at a time


class CloudFeatures(NamedTuple):
    """Features of a cloud as a whole and of its points.

    Shapes:
        - **pooled:** float32 ``[C]``, **local:** float32 ``[m, 3]``
    """

    pooled: np.ndarray
    local: np.ndarray


@torch.no_grad()
def cloud_features(
    encoder: FrozenEncoder, clouds: Sequence[np.ndarray], up_axis: Axis | None = None
) -> Iterator[CloudFeatures]:
    """Yields the features of clouds.

    The local feature of a point is the mean of the coordinates of its nearest points, 16 with itself, in the cloud that
    is prepared for the encoder. It tells where the surface is, with a quarter of the noise of a point. (In scans of one
    part, it found dents, bulges and holes better than features of PointNet's layers, alone or together with it.)

    Args:
        encoder: the encoder, on its device.
        clouds: coordinates.
        up_axis: the coordinate that points up in the clouds (default: as in the data set of the training).

    Shapes:
        - **clouds:** ``[m, 3]`` each

    Raises:
        DataError: as :meth:`FrozenEncoder.embed`.
        ConcluError: a feature is not finite.
    """
    search = AutoNeighbors()
    for batch in encoder.batches(clouds, up_axis, BATCH_SIZE):
        pooled = pooled_features(encoder.encoder, batch).float()
        if not pooled.isfinite().all():
            raise ConcluError("the encoder returns features that are not finite; use other weights.")
        index = search(batch.pos, NEIGHBORHOOD, batch.batch, batch.num_graphs)
        local = _neighborhood_mean(batch.pos, index)
        sizes = batch.batch.bincount(minlength=batch.num_graphs).tolist()
        for features, points in zip(pooled.cpu().numpy(), local.cpu().split(sizes), strict=True):
            yield CloudFeatures(features, points.numpy())


def _neighborhood_mean(x: Tensor, index: Tensor) -> Tensor:
    """Returns the mean over the neighbours of each point, which include it; -1 is none.

    Shapes:
        - **x:** ``[M, D]``, **index:** ``[M, k]``, **output:** ``[M, D]``
    """
    total = torch.zeros_like(x)
    for neighbor in index.T:
        total += x[neighbor.clamp(min=0)] * (neighbor >= 0)[:, None]
    return total / (index >= 0).sum(dim=1)[:, None]
