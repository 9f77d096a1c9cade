"""Interface of neighbour searches: the call, its checks and its precision."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.neighbors.precision import full_float32
from conclu_pyg.nn.pool import equal_clouds


class NeighborSearch(Protocol):
    """Anything that is called as ``neighbors(x, k, batch, batch_size)`` and returns what :class:`Neighbors` does."""

    def __call__(self, x: Tensor, k: int, batch: Tensor, batch_size: int, /) -> Tensor: ...


class Neighbors:
    """Base of the neighbour searches: finds the k nearest points of each point in its cloud, by Euclidean distance.

    The point itself is among them (or another one at the same position). The order within a row is unspecified. In a
    cloud of fewer than k points, the missing entries are -1, at the end of the row. The result has no gradient. The
    computation is in float32 or the input's own wider type, also under autocast.

    Subclasses implement :meth:`search`. An object in :data:`conclu_pyg.NEIGHBORS` need not be a subclass: see
    :class:`NeighborSearch`.

    Args:
        x: the points, of any floating-point type.
        k: number of neighbours, at least 1.
        batch: the cloud of each point, in ascending order.
        batch_size: number of clouds.

    Raises:
        ConfigError: k is below 1.
        DataError: the shapes do not match, ``batch`` does not ascend from 0 to ``batch_size - 1``, a cloud has no
            points, values are not finite, or values are so far apart that their squared distances are not finite.

    Shapes:
        - **x:** ``[M, D]``, **batch:** ``[M]``, **output:** ``[M, k]``, rows of x, int64
    """

    @torch.compiler.disable  # a compiler cannot trace threads and NumPy
    @torch.no_grad()
    def __call__(self, x: Tensor, k: int, batch: Tensor, batch_size: int) -> Tensor:
        if k < 1:
            raise ConfigError(f"neighbours: k must be >= 1, got {k}.", argument="k", got=k)
        sizes = cloud_sizes(x, batch, batch_size)
        with torch.autocast(x.device.type, enabled=False), full_float32():
            wide = x.detach().to(torch.promote_types(x.dtype, torch.float32))
            check_range(wide)
            return self.search(wide, k, sizes)

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        """Return the neighbours of finite points in float32 or float64, clouds one after another.

        Shapes:
            - **x:** ``[M, D]``, **sizes:** number of points of each of the B clouds, at least 1
            - **output:** ``[M, k]``
        """
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def cloud_sizes(x: Tensor, batch: Tensor, batch_size: int) -> list[int]:
    """Return the number of points of each cloud.

    Raises:
        DataError: the shapes do not match, ``batch`` does not ascend from 0 to ``batch_size - 1``, or a cloud has no
            points.

    Shapes:
        - **x:** ``[M, D]``, **batch:** ``[M]``
    """
    if x.dim() != 2 or not x.size(1) or not x.is_floating_point():
        raise DataError(
            f"neighbours: expected floating-point x of shape [M, D], got {x.dtype} of {list(x.shape)}.",
            argument="x",
            got=(x.dtype, x.shape),
        )
    if batch.shape != x.shape[:1] or batch.dtype != torch.long:
        raise DataError(
            f"neighbours: expected an int64 batch of shape [{len(x)}], one entry per point, got {batch.dtype} of "
            f"{list(batch.shape)}.",
            argument="batch",
            got=(batch.dtype, batch.shape),
        )
    if batch_size < 1:
        raise DataError(
            f"neighbours: batch_size must be >= 1, got {batch_size}.", argument="batch_size", got=batch_size
        )
    num_points = equal_clouds(batch, batch_size)
    if num_points is not None:
        return batch_size * [num_points]
    if len(batch) and (batch[0] < 0 or batch[-1] >= batch_size or (batch[1:] < batch[:-1]).any()):
        raise DataError(
            f"neighbours: expected a batch that ascends from 0 to {batch_size - 1}, got another order or range; sort "
            "the points by cloud."
        )
    sizes: list[int] = batch.bincount(minlength=batch_size).tolist()
    if 0 in sizes:
        raise DataError(f"neighbours: cloud {sizes.index(0)} of the {batch_size} in this batch has no points.")
    return sizes


def check_range(x: Tensor) -> None:
    """Raise DataError if values or their squared distances are not finite; one pass over x."""
    low, high = x.aminmax()  # NaN if any value is
    if not (high - low).square() * x.size(1) < torch.finfo(x.dtype).max / 4:  # false for NaN too
        remedy = (
            "these are coordinates: prepare clouds by NormalizeUnitSphere (dataset.transform)"
            if x.size(1) == 3
            else "these are features: if the coordinates of the clouds are usual, the weights have diverged, so train "
            "with a lower learning rate"
        )
        raise DataError(
            f"neighbours: expected finite values with finite squared distances, got values from {float(low):.3g} to "
            f"{float(high):.3g}; {remedy}."
        )
