"""Maximum of a linear layer's output over the points of each cloud, and its moments, without storing the output."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding_bag

from conclu_pyg.nn.screened_maximum import can_screen, screened_maximum

CHUNK = 1 << 22  # entries of the [points, channels] product held at a time: 16 MiB in float32
GROUP = 32  # points per group: group maxima are found first, then the index within the best group


class PooledProduct(torch.autograd.Function):
    r"""Computes, of the product :math:`y = W x`, the largest value of each channel in each cloud (the smallest where
    ``sign`` is -1), and each channel's mean and biased variance over all points, or None if ``moments`` is False.

    .. math::
        \mathrm{mean}(W x) = W \, \mathrm{mean}(x), \qquad
        \mathrm{var}(W x) = \mathrm{diag}(W \, \mathrm{Cov}(x) \, W^{\top}).

    The gradient of an extreme reaches one point per channel and cloud; that of the moments is a product with a
    ``[D, D]`` matrix. The product follows autocast, except where :mod:`conclu_pyg.nn.screened_maximum` computes
    extremes in float32; the moments are computed in float32 or wider.

    Shapes:
        - **x:** ``[B, N, D]``, **weight:** ``[C, D]``, **sign:** ``[C]`` of 1 and -1
        - **output:** extremes ``[B, C]``, mean ``[C]``, variance ``[C]``
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, sign: Tensor, moments: bool
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        signed = sign[:, None] * weight  # (C, D)
        extreme, index = (screened_maximum if can_screen(x, signed, x.size(1)) else _maximum)(x, signed)
        extreme = sign * extreme
        rows = index + x.size(1) * torch.arange(len(x), device=x.device)[:, None]
        mean = var = center = spread = None
        if moments:
            wide = _wide(weight)
            center, covariance = _moments(x.flatten(0, 1), wide.dtype)
            with torch.autocast(x.device.type, enabled=False):
                spread = wide @ covariance  # (C, D)
                mean, var = wide @ center, (spread * wide).sum(dim=1).clamp(min=0)
        ctx.save_for_backward(x, weight, rows, center, spread)
        return extreme, mean, var

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_extreme: Tensor, grad_mean: Tensor, grad_var: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None]:
        x, weight, rows, center, spread = ctx.saved_tensors
        wide = _wide(weight)
        grad_extreme = grad_extreme.to(wide.dtype)
        flat = x.flatten(0, 1)
        grad_x = grad_weight = None
        if ctx.needs_input_grad[1]:
            values = flat.to(wide.dtype)  # (B*N, D), a copy only for 16-bit input
            grad_weight = embedding_bag(
                rows.t().contiguous(), values, mode="sum", per_sample_weights=grad_extreme.t().contiguous()
            )
            if center is not None:
                grad_weight += grad_mean[:, None] * center + 2 * grad_var[:, None] * spread
            grad_weight = grad_weight.to(weight.dtype)
        if ctx.needs_input_grad[0]:
            grad_x = _scatter(grad_extreme, rows, wide, len(flat))  # (B*N, D)
            if center is not None:
                quadratic = wide.t() @ (grad_var[:, None] * wide) * (2 / len(flat))  # (D, D)
                grad_x += grad_mean @ wide / len(flat)
                step = _rows(flat)
                for part, out in zip(flat.split(step), grad_x.split(step), strict=True):
                    out.addmm_(part.to(wide.dtype) - center, quadratic)
            grad_x = grad_x.view_as(x).to(x.dtype)
        return grad_x, grad_weight, None, None


def _wide(weight: Tensor) -> Tensor:
    """Return the weight in the precision of moments and gradients: float32 or wider."""
    return weight.to(torch.promote_types(weight.dtype, torch.float32))


def _maximum(x: Tensor, signed: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest value of each channel in each cloud, and the index of its point.

    Shapes:
        - **x:** ``[B, N, D]``, **signed:** ``[C, D]``, **output:** ``[B, C]`` each
    """
    num_points, channels = x.size(1), len(signed)
    clouds = max(1, CHUNK // (num_points * channels))
    points = max(1, CHUNK // (clouds * channels))
    transposed = signed.t()
    extremes, indices = [], []
    for part in x.split(clouds):
        extreme, index = _part_maximum(part[:, :points], transposed)
        for start in range(points, num_points, points):
            other, at = _part_maximum(part[:, start : start + points], transposed)
            index = torch.where(other > extreme, at + start, index)
            extreme = torch.maximum(extreme, other)
        extremes.append(extreme)
        indices.append(index)
    return torch.cat(extremes), torch.cat(indices)


def _part_maximum(x: Tensor, signed: Tensor) -> tuple[Tensor, Tensor]:
    """Return :func:`_maximum` of a chunk.

    Shapes:
        - **x:** ``[b, n, D]``, **signed:** ``[D, C]``, **output:** ``[b, C]`` each
    """
    size, num_points, _ = x.shape
    product = (x.reshape(size * num_points, -1) @ signed).view(size, num_points, -1)  # (b, n, C)
    group = max(length for length in range(1, GROUP + 1) if num_points % length == 0)
    grouped = product.view(size, num_points // group, group, -1)
    # A maximum with its index is several times slower than one without, so it runs only over groups and in the best.
    extreme, best_group = grouped.amax(dim=2).max(dim=1)  # (b, C) each
    members = grouped.gather(1, best_group[:, None, None].expand(-1, -1, group, -1))[:, 0]  # (b, group, C)
    return extreme, best_group * group + members.argmax(dim=1)


def _moments(x: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the mean ``[D]`` and biased covariance ``[D, D]`` of the rows of ``x``, in ``dtype``, to avoid
    cancellation in 16 bits."""
    with torch.autocast(x.device.type, enabled=False):
        center = x.mean(dim=0, dtype=dtype)
        covariance = center.new_zeros(len(center), len(center))
        for part in x.split(_rows(x)):
            offset = part.to(dtype) - center
            covariance.addmm_(offset.t(), offset)
        return center, covariance / len(x)


def _rows(x: Tensor) -> int:
    """Return the number of rows of ``x`` per chunk."""
    return max(1, CHUNK // x.size(1))


def _scatter(grad: Tensor, rows: Tensor, weight: Tensor, num_rows: int) -> Tensor:
    """Add ``grad[b, c] * weight[c]`` to row ``rows[b, c]`` of a zero tensor, for each b and c.

    Each row is a bag of the channels whose extreme it holds. Unlike ``index_add_``, a bag is summed by one thread.

    Shapes:
        - **grad**, **rows:** ``[B, C]``, **weight:** ``[C, D]``, **output:** ``[num_rows, D]``
    """
    order = rows.flatten().argsort()
    counts = rows.flatten().bincount(minlength=num_rows)
    offsets = counts.cumsum(0) - counts
    channel, value = order % len(weight), grad.flatten()[order]
    return embedding_bag(channel, weight, offsets, mode="sum", per_sample_weights=value)
