"""Batch-norm statistics of fused layers, which compute them without calling the norm."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def supports_fused(linear: nn.Module, norm: nn.Module) -> bool:
    """Return True if a linear layer and its norm are of the types that this package creates, so that a fused layer may
    compute their result without calling them. Replacements must be called: an adapter, a quantised layer, a
    synchronised norm, and a norm with cumulative momentum, without running statistics or without weights.
    """
    if type(linear) is not nn.Linear or "bias" in dict(linear.named_parameters()) or type(norm) is not nn.BatchNorm1d:
        return False
    return norm.affine and norm.track_running_stats and norm.momentum is not None


def running_stats(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Return the running mean and variance of a norm that supports fusion, ``[C]`` each, not copied."""
    assert norm.running_mean is not None and norm.running_var is not None
    return norm.running_mean, norm.running_var


@torch.no_grad()
def update_running_stats(norm: nn.BatchNorm1d, mean: Tensor, var: Tensor, num_values: int) -> None:
    """Update the running statistics of a norm that supports fusion, as calling the norm would.

    Args:
        norm: the norm, in training mode.
        mean: mean of the batch.
        var: biased variance of the batch.
        num_values: number of values per channel, at least 2.

    Shapes:
        - **mean**, **var:** ``[C]``
    """
    assert norm.num_batches_tracked is not None and norm.momentum is not None
    running_mean, running_var = running_stats(norm)
    norm.num_batches_tracked.add_(1)
    running_mean.lerp_(mean.to(running_mean), norm.momentum)
    running_var.lerp_((var * (num_values / (num_values - 1))).to(running_var), norm.momentum)
