"""Layers in evaluation mode, of which no gradient is taken: the norm is part of the weights, and a maximum needs no
index."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from conclu_pyg.nn.batch_moments import running_stats, supports_fused
from conclu_pyg.nn.screened_maximum import Screen, can_screen

BLOCK = 1 << 18  # entries of a product held at a time: 1 MiB in float32, about the cache of a core


def is_frozen(linear: nn.Module, norm: nn.Module) -> bool:
    """Return whether a linear layer and its norm may be replaced by :func:`folded` weights: on the CPU, without
    gradient, autocast and compilation, where the norm uses its running statistics, and for layers that
    :func:`~conclu_pyg.nn.batch_moments.supports_fused` accepts."""
    return (
        not torch.is_grad_enabled()
        and not norm.training
        and supports_fused(linear, norm)
        and next(linear.parameters()).device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


def folded(linear: nn.Module, norm: nn.Module) -> tuple[Tensor, Tensor]:
    r"""Return the weight and the bias of the linear layer that equals a linear layer and its norm with running
    statistics:

    .. math::
        \mathrm{BN}(W x) = (S W) x + (\beta - S \mu), \qquad
        S = \mathrm{diag}(\gamma / \sqrt{\sigma^2 + \epsilon}).

    It costs little next to the products, so it is computed at each call and follows every change of the weights.

    Shapes:
        - **output:** ``[C, D]``, ``[C]``
    """
    assert isinstance(linear, nn.Linear) and isinstance(norm, nn.BatchNorm1d)
    mean, var = running_stats(norm)
    scale = norm.weight * (var + norm.eps).rsqrt()
    weight = scale[:, None] * linear.weight
    return weight.to(linear.weight.dtype), (norm.bias - scale * mean).to(linear.weight.dtype)


def apply_in_place(act: nn.Module, x: Tensor) -> Tensor:
    """Return the activation of a tensor that nothing else uses; of a ReLU without hooks in the same memory."""
    plain = type(act) is nn.ReLU and not act._forward_hooks and not act._forward_pre_hooks
    return x.relu_() if plain else act(x)


def largest_products(x: Tensor, weight: Tensor, sizes: Sequence[int]) -> Tensor:
    r"""Return the largest value of each channel of :math:`W x` in each cloud.

    The product is computed for a few points at a time, which are compared while they are in the cache.

    Args:
        x: the points, one cloud after another.
        weight: W.
        sizes: number of points of each cloud, at least 1.

    Shapes:
        - **x:** ``[M, D]``, **weight:** ``[C, D]``, **output:** ``[B, C]``
    """
    if can_screen(x, weight, len(x) // len(sizes)):
        screen = Screen(weight.detach().contiguous(), max(sizes))
        return torch.stack([screen.maximum(cloud)[0] for cloud in x.split(list(sizes))])
    transposed = weight.t().contiguous()
    step = max(1, BLOCK // len(weight))
    buffer = x.new_empty(min(step, max(sizes)), len(weight))
    largest = x.new_empty(len(sizes), len(weight))
    for cloud, out in zip(x.split(list(sizes)), largest, strict=True):
        parts = [torch.mm(part, transposed, out=buffer[: len(part)]).amax(dim=0) for part in cloud.split(step)]
        torch.amax(torch.stack(parts), dim=0, out=out)
    return largest
