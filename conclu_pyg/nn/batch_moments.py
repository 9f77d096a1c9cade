"""Batch-norm statistics: of fused layers, which compute them without calling the norm, and of several processes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from conclu_pyg.errors import ConfigError
from conclu_pyg.processes import num_processes, sum_over_processes


class GlobalBatchNorm1d(nn.BatchNorm1d):
    """Batch norm whose statistics are those of the values of all processes, so that several processes compute what one
    does with the whole batch. Unlike ``torch.nn.SyncBatchNorm`` it runs on CPUs, and fused layers use it.

    All processes must call it in training mode equally often. In evaluation mode, and in a single process, it is
    :class:`torch.nn.BatchNorm1d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        if not is_shared(self):
            return super().forward(input)
        values = input if input.dim() == 2 else input.transpose(1, 2).flatten(0, 1)  # (M, C)
        with torch.autocast(input.device.type, enabled=False):
            wide = values.to(torch.promote_types(values.dtype, torch.float32))
            var, mean = torch.var_mean(wide, dim=0, correction=0)
            mean, var = batch_moments(self, mean, var, len(wide))
            out = (wide - mean) * (var + self.eps).rsqrt()
            if self.affine:
                out = out * self.weight + self.bias
        out = out.to(values.dtype)
        return out if input.dim() == 2 else out.view(len(input), -1, out.size(1)).transpose(1, 2)


def share_batch_norms(module: nn.Module) -> None:
    """Turn the batch norms of a model into :class:`GlobalBatchNorm1d`, in place: parameters, buffers, hooks and other
    references to them stay valid.

    Raises:
        ConfigError: a batch norm of another type, which cannot be shared.
    """
    for name, layer in module.named_modules():
        if type(layer) is nn.BatchNorm1d:
            layer.__class__ = GlobalBatchNorm1d
        elif isinstance(layer, nn.modules.batchnorm._BatchNorm) and not isinstance(
            layer, GlobalBatchNorm1d | nn.SyncBatchNorm
        ):
            raise ConfigError(
                f"{name} must be a BatchNorm1d for a training in several processes, which share its statistics, got "
                f"{type(layer).__name__}; train in one process.",
                got=type(layer).__name__,
            )


def supports_fused(linear: nn.Module, norm: nn.Module) -> bool:
    """Return True if a linear layer and its norm are of the types that this package creates, so that a fused layer may
    compute their result without calling them. Replacements must be called: an adapter, a quantised layer, PyTorch's
    synchronised norm, and a norm with cumulative momentum, without running statistics or without weights. So must
    layers with hooks, which may read or change what passes, or compute the weights, as ``weight_norm`` does.
    """
    if any(module._forward_pre_hooks or module._forward_hooks for module in (linear, norm)):
        return False
    if type(linear) is not nn.Linear or "bias" in dict(linear.named_parameters()):
        return False
    if type(norm) not in (nn.BatchNorm1d, GlobalBatchNorm1d):
        return False
    return bool(norm.affine and norm.track_running_stats) and norm.momentum is not None


def running_stats(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Return the running mean and variance of a norm that supports fusion, ``[C]`` each, not copied."""
    assert norm.running_mean is not None and norm.running_var is not None
    return norm.running_mean, norm.running_var


def batch_moments(
    norm: nn.BatchNorm1d, mean: Tensor, var: Tensor, num_values: int, base: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the mean and biased variance that normalise a batch, and update the running statistics, as calling the
    norm would. Gradients flow to the statistics of each process.

    Args:
        norm: the norm, in training mode.
        mean: mean of the values of this process, without ``base``.
        var: their biased variance.
        num_values: number of values per channel in this process; at least 2 in all processes together.
        base: a contribution to every value, the same in all processes; it enters the running mean only (default: 0).

    Shapes:
        - **mean**, **var**, **base**, **output:** ``[C]``
    """
    total: Tensor | int = num_values
    if is_shared(norm):
        own, total = num_values, _total(num_values, mean)
        shared_mean = sum_over_processes(mean * (own / total))
        var = sum_over_processes((var + (mean - shared_mean).square()) * (own / total))
        mean = shared_mean
    _update_running_stats(norm, mean if base is None else mean + base, var, total)
    return mean, var


@torch.no_grad()
def batch_mean(norm: nn.Module, values: Tensor) -> Tensor:
    """Return the mean of the values of all processes if the norm shares its statistics, else of this one. No gradient
    flows.

    Shapes:
        - **values:** ``[M, D]``, **output:** ``[D]``
    """
    mean = values.mean(dim=0)
    return sum_over_processes(mean * (len(values) / _total(len(values), mean))) if is_shared(norm) else mean


def is_shared(norm: nn.Module) -> bool:
    """Return whether the statistics that a norm uses are those of several processes."""
    return isinstance(norm, GlobalBatchNorm1d) and norm.training and num_processes() > 1


@torch.no_grad()
def _total(count: int, like: Tensor) -> Tensor:
    """Return the sum of the counts of all processes, ``[]``."""
    return sum_over_processes(
        torch.tensor(float(count), device=like.device, dtype=torch.promote_types(like.dtype, torch.float32))
    )


@torch.no_grad()
def _update_running_stats(norm: nn.BatchNorm1d, mean: Tensor, var: Tensor, num_values: Tensor | int) -> None:
    if norm.running_mean is None or norm.running_var is None or norm.num_batches_tracked is None:
        return
    norm.num_batches_tracked.add_(1)
    momentum = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    norm.running_mean.lerp_(mean.to(norm.running_mean), momentum)
    norm.running_var.lerp_((var * (num_values / (num_values - 1))).to(norm.running_var), momentum)
