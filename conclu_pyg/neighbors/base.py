"""What all searches for neighbours share: the call, its checks, and the precision they compute in."""

from __future__ import annotations

import torch
from torch import Tensor

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.neighbors.precision import full_float32
from conclu_pyg.nn.pool import equal_clouds


class Neighbors:
    """Called as ``neighbors(x, k, batch, batch_size)``: the k nearest points of the same cloud, by Euclidean distance.

    The point itself is among them (or another one at the same place). The order within a row is not promised. Where a
    cloud has fewer than k points, the missing entries are -1, at the end of the row. No gradient flows, and the
    precision is float32 or the input's own where that is wider, under autocast too.

    A subclass says how in :meth:`search`. In :data:`conclu_pyg.NEIGHBORS` anything can stand that is called like this.

    Args:
        x: the points; any floating type.
        k: how many neighbours, 1 at least.
        batch: the cloud of each point, ascending.
        batch_size: the number of clouds.

    Raises:
        ConfigError: k is below 1.
        DataError: the shapes do not fit, ``batch`` is not ascending from 0 to ``batch_size - 1``, a cloud has no
            points, or values are not finite or so far apart that their squared distances are not.

    Shapes:
        - **x:** ``[M, D]``, **batch:** ``[M]``, **output:** ``[M, k]``, rows of x, int64
    """

    @torch.compiler.disable  # the search is no work for a compiler, which cannot follow threads and NumPy
    @torch.no_grad()
    def __call__(self, x: Tensor, k: int, batch: Tensor, batch_size: int) -> Tensor:
        if k < 1:
            raise ConfigError(f"neighbours need a k of at least 1, found {k}.")
        sizes = cloud_sizes(x, batch, batch_size)
        with torch.autocast(x.device.type, enabled=False), full_float32():
            wide = x.detach().to(torch.promote_types(x.dtype, torch.float32))
            _check_range(wide)
            return self.search(wide, k, sizes)

    def search(self, x: Tensor, k: int, sizes: list[int]) -> Tensor:
        """The neighbours of finite points in float32 or float64, clouds one after another.

        Shapes:
            - **x:** ``[M, D]``, **sizes:** B numbers of points, 1 at least, **output:** ``[M, k]``
        """
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def cloud_sizes(x: Tensor, batch: Tensor, batch_size: int) -> list[int]:
    """The number of points in each of the clouds.

    Raises:
        DataError: as :class:`Neighbors` says of shapes and of ``batch``.

    Shapes:
        - **x:** ``[M, D]``, **batch:** ``[M]``
    """
    if x.dim() != 2 or not x.size(1) or not x.is_floating_point():
        raise DataError(f"neighbours need floating point values [M, D], found {list(x.shape)} of {x.dtype}.")
    if batch.shape != x.shape[:1] or batch.dtype != torch.long:
        raise DataError(
            f"neighbours of {len(x)} points need an int64 batch of as many entries, found {list(batch.shape)} of "
            f"{batch.dtype}."
        )
    if batch_size < 1:
        raise DataError(f"neighbours need at least one cloud, found batch_size={batch_size}.")
    num_points = equal_clouds(batch, batch_size)
    if num_points is not None:
        return batch_size * [num_points]
    if len(batch) and (batch[0] < 0 or batch[-1] >= batch_size or (batch[1:] < batch[:-1]).any()):
        raise DataError(
            f"neighbours need a batch that ascends within 0..{batch_size - 1}, found another order or range; sort the "
            "points by cloud."
        )
    sizes: list[int] = batch.bincount(minlength=batch_size).tolist()
    if 0 in sizes:
        raise DataError(f"cloud {sizes.index(0)} of the {batch_size} in this batch has no points.")
    return sizes


def _check_range(x: Tensor) -> None:
    """Refuses values that are not finite, or whose squared distances are not; one pass over x."""
    low, high = x.aminmax()  # NaN if any is
    if not (high - low).square() * x.size(1) < torch.finfo(x.dtype).max / 4:  # false for NaN too
        raise DataError(
            f"neighbours need finite values whose squared distances are finite, found values from {float(low):.3g} to "
            f"{float(high):.3g}; a training that gives such values diverges: lower its learning rate."
        )
