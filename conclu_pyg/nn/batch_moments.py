"""Batch norm's moments where they are computed without calling it: in which layers that may be, and what it records."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def is_usual(linear: nn.Module, norm: nn.Module) -> bool:
    """Whether a linear layer and its norm are what the layers of this package make: their arithmetic can then be done
    without calling them. What a user puts in their place (an adapter, a quantised layer, a synchronised norm, one with
    a cumulative momentum, without statistics or without weights) has to be called.
    """
    if type(linear) is not nn.Linear or "bias" in dict(linear.named_parameters()) or type(norm) is not nn.BatchNorm1d:
        return False
    return norm.affine and norm.track_running_stats and norm.momentum is not None


def running(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """The running mean and variance of a norm that is usual, ``[C]`` each; not copied."""
    assert norm.running_mean is not None and norm.running_var is not None
    return norm.running_mean, norm.running_var


@torch.no_grad()
def track(norm: nn.BatchNorm1d, mean: Tensor, var: Tensor, num_values: int) -> None:
    """Enters a batch's moments into the running ones of a norm that is usual, as calling it would.

    Args:
        norm: in training mode.
        mean: the batch's.
        var: the batch's biased variance.
        num_values: how many values of each channel there are, 2 at least.

    Shapes:
        - **mean**, **var:** ``[C]``
    """
    assert norm.num_batches_tracked is not None and norm.momentum is not None
    running_mean, running_var = running(norm)
    norm.num_batches_tracked.add_(1)
    running_mean.lerp_(mean.to(running_mean), norm.momentum)
    running_var.lerp_((var * (num_values / (num_values - 1))).to(running_var), norm.momentum)
