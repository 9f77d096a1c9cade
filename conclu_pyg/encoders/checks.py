"""Validation of an encoder's input."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from conclu_pyg.errors import DataError

T = TypeVar("T")


def checked_input(method: Callable[..., T]) -> Callable[..., T]:
    """Decorate a method ``(self, pos, batch, batch_size)`` of an encoder so that it calls :func:`check_input` first.

    Without it the input is checked by :func:`~conclu_pyg.encoders.base.pooled_features` and
    :func:`~conclu_pyg.encoders.base.layer_features`, but not if the encoder is called directly.
    """

    @functools.wraps(method)
    def checked(self: nn.Module, pos: Tensor, batch: Tensor, batch_size: int) -> T:
        check_input(self, pos, batch, batch_size)
        return method(self, pos, batch, batch_size)

    cast(Any, checked).checks_input = True
    return checked


def checks_input(method: object) -> bool:
    """Return True if a method is decorated with :func:`checked_input`."""
    return getattr(method, "checks_input", False) is True


@torch.compiler.disable  # raising on values ends a graph in any case
def check_input(encoder: nn.Module, pos: Tensor, batch: Tensor, batch_size: int) -> None:
    """Raise an error unless the input satisfies the contract in :mod:`conclu_pyg.encoders.base`.

    Values are checked by one reduction, so that a GPU is synchronised once.

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``

    Raises:
        DataError: a shape, dtype, device or value violates the contract; the message names the encoder, the argument,
            its expected and actual value, and what to do.
    """
    name = type(encoder).__name__
    _check_pos(name, pos, next((p for p in encoder.parameters() if p.is_floating_point()), None))
    if not isinstance(batch_size, int) or batch_size < 1:
        raise DataError(
            f"{name}: expected batch_size as an int >= 1, got {batch_size!r}; pass the number of clouds.",
            argument="batch_size",
            got=batch_size,
        )
    if not isinstance(batch, Tensor) or batch.shape != pos.shape[:1] or batch.dtype != torch.long:
        raise DataError(
            f"{name}: expected an int64 batch of shape [{len(pos)}], got {describe(batch)}; pass the cloud of each "
            "point, as Batch.batch in PyTorch Geometric.",
            argument="batch",
            got=describe(batch),
        )
    if batch.device != pos.device:
        raise DataError(
            f"{name}: expected batch on {pos.device}, the device of pos, got {batch.device}; move both to one device.",
            argument="batch",
            got=batch.device,
        )
    step = batch.diff()
    valid = (pos.detach() * 0).sum() == 0  # NaN if a value is not finite
    valid &= (batch[0] == 0) & (batch[-1] == batch_size - 1) & (step == step.clamp(0, 1)).all()
    if not valid:
        raise DataError(f"{name}: {_invalid_values(pos, batch, batch_size)}")


def _check_pos(name: str, pos: Tensor, weight: Tensor | None) -> None:
    if not isinstance(pos, Tensor) or pos.dim() != 2 or pos.size(1) != 3 or not len(pos):
        raise DataError(
            f"{name}: expected pos of shape [M, 3] with M >= 1, got {describe(pos)}; pass the coordinates of all "
            "points, one cloud after another.",
            argument="pos",
            got=describe(pos),
        )
    if not pos.is_floating_point():
        raise DataError(
            f"{name}: expected floating-point pos, got {pos.dtype}; convert it by pos.float().",
            argument="pos",
            got=pos.dtype,
        )
    if weight is None:
        return
    if weight.device != pos.device:
        raise DataError(
            f"{name}: expected pos on {weight.device}, the device of the weights, got {pos.device}; move the clouds by "
            f"clouds.to({str(weight.device)!r}).",
            argument="pos",
            got=pos.device,
        )
    autocast = torch.is_autocast_enabled(pos.device.type) and torch.double not in (pos.dtype, weight.dtype)
    if weight.dtype != pos.dtype and not autocast:
        raise DataError(
            f"{name}: expected pos of {weight.dtype}, the dtype of the weights, got {pos.dtype}; convert it by "
            f"pos.to({weight.dtype}), or the encoder by encoder.to({pos.dtype}).",
            argument="pos",
            got=pos.dtype,
        )


def _invalid_values(pos: Tensor, batch: Tensor, batch_size: int) -> str:
    """Describe the first violation among the values."""
    low, high = int(batch.min()), int(batch.max())
    if low < 0 or high >= batch_size:
        return (
            f"expected a batch with entries from 0 to batch_size - 1 = {batch_size - 1}, got entries from {low} to "
            f"{high}; pass the number of clouds as batch_size."
        )
    if (batch.diff() < 0).any():
        return (
            "expected a batch in ascending order, got entries that descend; sort the points by cloud, for example by "
            "order = batch.argsort(stable=True)."
        )
    counts = batch.bincount(minlength=batch_size)
    if not counts.all():
        return (
            f"expected at least one point per cloud, got none in cloud {int(counts.argmin())} of {batch_size}; remove "
            "empty clouds."
        )
    rows = (~pos.isfinite()).any(dim=1).nonzero()[:, 0]
    row = int(rows[0])
    return (
        f"expected finite pos, got {len(rows)} of {len(pos)} points with NaN or infinity, the first in cloud "
        f"{int(batch[row])}: {pos[row].tolist()}; remove them from the data."
    )


def describe(value: Any) -> str:
    """Return the type of a value and, for tensors, dtype and shape, as text for messages."""
    if isinstance(value, Tensor):
        return f"{value.dtype} of shape {list(value.shape)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}: ({', '.join(map(describe, value))})"
    return f"an object of type {type(value).__name__}"
