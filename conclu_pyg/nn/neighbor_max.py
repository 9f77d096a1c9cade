"""Maximum over each point's neighbours."""

from __future__ import annotations

import math
import warnings
from itertools import pairwise
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from conclu_pyg.errors import DataError
from conclu_pyg.kernels import compiled_kernels
from conclu_pyg.neighbors.threads import for_each
from conclu_pyg.nn.neighbor_lists import NeighborLists

CHUNK = 1 << 22  # gathered entries held at a time: 16 MiB in float32
PIECE = 1 << 16  # entries that are worth a thread
BLOCK = 64  # channels packed with their rows at a time: 8 bytes per entry
ROW_BITS = 28  # bits of a double below half a unit in the last place of float32
LIMIT = 2.0**128  # rounds to infinity in float32, but leaves the row bits of a double free
ZERO = 2.0**-300  # added before packing: changes no float32 except 0, which must not become a subnormal double


@torch.compiler.disable
def neighbor_max(x: Tensor, index: Tensor, lists: NeighborLists) -> Tensor:
    """Return the maximum of each channel over the neighbours of each point, 0 for a point without neighbours. No tensor
    of edges is allocated.

    If neighbours tie, one of them receives the gradient. Differentiable once.

    Args:
        x: the values.
        index: the neighbours, as a table.
        lists: the same neighbours, as lists.

    Shapes:
        - **x:** ``[M, C]``, **index:** ``[M, k]``, -1 where there is no neighbour, **output:** ``[M, C]``

    Raises:
        DataError: ``index`` or ``lists`` is of another number of points than ``x``.
    """
    if not len(x) == len(index) == len(lists.ptr) - 1:  # kernels do not check their indices
        raise DataError(
            f"neighbours: expected a table of the {len(x)} points of x, got one of {len(index)} and lists of "
            f"{len(lists.ptr) - 1}.",
            argument="index",
            got=len(index),
        )
    return _NeighborMax.apply(x, index, lists)


class _NeighborMax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor, lists: NeighborLists) -> Tensor:
        with_rows = ctx.needs_input_grad[0]
        on_cpu, narrow = x.device.type == "cpu", x.dtype != torch.double and len(x) < 1 << ROW_BITS
        full = 0 < index.numel() == len(lists.points) and x.numel() > 0
        kernels = compiled_kernels(x) if narrow and full else None
        if kernels is not None and not math.isnan(float(x.amax())):  # a kernel would lose NaN
            value, rows = _compiled_max(kernels, x, index, with_rows)
        # Otherwise PyTorch's reducing sparse product is by far the fastest, but it is CPU-only and returns no indices.
        # Those are packed into the low bits of the values, where they fit.
        elif on_cpu and not with_rows:
            value, rows = _sparse_max(x.float() if narrow else x, lists).to(x.dtype), None
        else:
            find = _packed_max if on_cpu and narrow else _chunked_max
            value, rows = find(x, index, lists)
        ctx.save_for_backward(rows)
        ctx.isolated = lists.counts == 0  # (M,), their output is constant
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (rows,) = ctx.saved_tensors  # (M, C)
        if bool(ctx.isolated.any()):
            grad = grad.masked_fill(ctx.isolated[:, None], 0)
        kernels = compiled_kernels(grad) if grad.dtype != torch.double else None
        return (_scatter(grad, rows) if kernels is None else _compiled_scatter(kernels, grad, rows)), None, None


def _scatter(grad: Tensor, rows: Tensor) -> Tensor:
    """Add each entry to its row of the same channel.

    Shapes:
        - **grad**, **rows**, **output:** ``[M, C]``
    """
    out = torch.zeros_like(grad)
    for part, at, values in zip(out.split(BLOCK, 1), rows.split(BLOCK, 1), grad.split(BLOCK, 1), strict=True):
        part.scatter_add_(0, at.long(), values)
    return out


def _compiled_scatter(kernels: ModuleType, grad: Tensor, rows: Tensor) -> Tensor:
    """As :func:`_scatter`, with threads for different channels; sums are in float32."""
    wide = grad.float().contiguous()
    out = torch.zeros_like(wide)
    arrays = wide.numpy(), rows.numpy(), out.numpy()
    for_each(lambda piece: kernels.add_to_rows(*arrays, *piece), _pieces(grad.size(1), grad.numel()), grad.device)
    return out.to(grad.dtype)


def _compiled_max(kernels: ModuleType, x: Tensor, index: Tensor, with_rows: bool) -> tuple[Tensor, Tensor | None]:
    """Return the maxima and, if wanted, their rows, with threads for different points.

    Shapes:
        - **x:** ``[M, C]``, **index:** ``[M, k]``, **output:** ``[M, C]`` each, the rows in int32
    """
    wide = x.float().contiguous()
    value, rows = torch.empty_like(wide), torch.empty_like(wide, dtype=torch.int32) if with_rows else None
    arrays = [tensor.numpy() for tensor in (wide, index.contiguous(), value, rows) if tensor is not None]
    find = kernels.neighbor_max if with_rows else kernels.neighbor_max_value
    for_each(lambda piece: find(*arrays, *piece), _pieces(len(x), x.numel()), x.device)
    return value.to(x.dtype), rows


def _pieces(length: int, num_entries: int) -> list[tuple[int, int]]:
    """Split a range into one piece per thread, or fewer if there are few entries."""
    count = max(1, min(torch.get_num_threads(), length, num_entries // PIECE))
    ends = [length * piece // count for piece in range(count + 1)]
    return list(pairwise(ends))


def _packed_max(x: Tensor, index: Tensor, lists: NeighborLists) -> tuple[Tensor, Tensor]:
    """Return the maxima and their rows, found together: a double holds a float32 and, in its low bits, a row of x.

    Shapes:
        - **x:** ``[M, C]``, **output:** ``[M, C]`` each, the rows in int32
    """
    rows = torch.arange(len(x), device=x.device)[:, None]
    values, argmax = torch.empty_like(x, memory_format=torch.contiguous_format), x.new_empty(x.shape, dtype=torch.int32)
    for part, value, place in zip(x.split(BLOCK, 1), values.split(BLOCK, 1), argmax.split(BLOCK, 1), strict=True):
        packed = part.to(torch.double, memory_format=torch.contiguous_format).add_(ZERO).clamp_(-LIMIT, LIMIT)
        packed.view(torch.int64).bitwise_or_(rows)
        max_values = _sparse_max(packed, lists)  # the row bits break ties
        value.copy_(max_values)  # rounds the row away
        place.copy_(max_values.view(torch.int64).bitwise_and_((1 << ROW_BITS) - 1))
    return values, argmax.clamp_(max=len(x) - 1)  # the low bits of NaN are no row


def _sparse_max(x: Tensor, lists: NeighborLists) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse (CSR|invariant)")  # beta support, unchecked invariants
        ones = x.new_ones(len(lists.points))
        adjacency = torch.sparse_csr_tensor(lists.ptr, lists.points, ones, 2 * [len(x)], device=x.device)
    return torch.sparse.mm(adjacency, x, "amax")


def _chunked_max(x: Tensor, index: Tensor, lists: NeighborLists) -> tuple[Tensor, Tensor]:
    """Return the maxima and their rows, from the gathered neighbours of a chunk of points at a time.

    Shapes:
        - **x:** ``[M, C]``, **index:** ``[M, k]``, **output:** ``[M, C]`` each, the rows in int32
    """
    step = max(1, CHUNK // max(1, index.size(1) * x.size(1)))
    values, argmax = torch.empty_like(x, memory_format=torch.contiguous_format), x.new_empty(x.shape, dtype=torch.int32)
    full = index.numel() == len(lists.points)
    for part, value, place in zip(index.split(step), values.split(step), argmax.split(step), strict=True):
        neighbor_values = x[part.clamp(min=0)]  # (step, k, C)
        if not full:
            neighbor_values.masked_fill_((part < 0)[:, :, None], -torch.inf)
        max_values, slot = neighbor_values.max(dim=1)
        row = part.gather(1, slot)
        value.copy_(max_values if full else max_values.masked_fill(row < 0, 0))
        place.copy_(row if full else row.clamp(min=0))
    return values, argmax
