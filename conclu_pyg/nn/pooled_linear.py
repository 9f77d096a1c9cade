"""The last layer of a point encoder: linear, batch norm and maximum, with or without per-point output."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from conclu_pyg.nn.pool import equal_clouds, max_pool

CHUNK = 1 << 22  # entries of the [points, channels] product that exist at a time: 16 MiB in float32


class PooledLinear(nn.Module):
    r"""Linear layer, batch norm, optional ReLU, and the maximum over the points of each cloud.

    :meth:`forward` gives the per-point features and their maximum. :meth:`pool` gives the same maximum, statistics and
    gradients without the ``[M, out_channels]`` tensor: the norm is affine and ReLU increasing, so both commute with the
    maximum (with the minimum where the norm's weight is negative), and the norm's statistics follow from those of the
    input. (Of points that tie for a maximum one receives its gradient, where :meth:`forward` shares it among them.) A
    norm of another kind, such as that of ``convert_sync_batchnorm``, has statistics of its own: it goes the plain way.

    .. math::
        \mathrm{mean}(W x) = W \, \mathrm{mean}(x), \qquad
        \mathrm{var}(W x) = \mathrm{diag}(W \, \mathrm{Cov}(x) \, W^{\top}).

    Args:
        in_channels: size of the input.
        out_channels: size of the output.
        relu: whether a ReLU follows the norm (default: true).

    Shapes:
        - **x:** ``[M, in_channels]``, **batch:** ``[M]``
        - **per-point output:** ``[M, out_channels]``, **pooled output:** ``[B, out_channels]``
    """

    def __init__(self, in_channels: int, out_channels: int, *, relu: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(in_channels, out_channels, bias=False)
        self.norm = nn.BatchNorm1d(out_channels)
        self.relu = relu

    def forward(self, x: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        out = self.norm(self.linear(x))
        if self.relu:
            out = out.relu()
        return out, max_pool(out, batch, batch_size)

    def pool(self, x: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        plain_norm = type(self.norm) is nn.BatchNorm1d
        num_points = equal_clouds(batch, batch_size) if plain_norm else None
        if num_points is None or len(x) == 1:  # of one value there is no variance: the norm refuses it
            return self(x, batch, batch_size)[1]
        sign = torch.where(self.norm.weight < 0, -1.0, 1.0).to(x.dtype)  # (C,)
        clouds = x.view(batch_size, num_points, -1)
        extreme = sign * _LinearMax.apply(clouds, sign[:, None] * self.linear.weight)  # (B, C)
        mean, var = self._statistics(x)
        out = (extreme - mean) * (var + self.norm.eps).rsqrt() * self.norm.weight + self.norm.bias
        return out.relu() if self.relu else out

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance of the linear layer's output, in training from the input's, ``[C]`` each."""
        norm = self.norm
        # As __init__ makes it: with running statistics, and a momentum.
        assert norm.running_mean is not None and norm.running_var is not None
        assert norm.num_batches_tracked is not None and norm.momentum is not None
        if not norm.training:
            return norm.running_mean, norm.running_var
        with torch.autocast(x.device.type, enabled=False):  # squares cancel: not in 16 bits
            wide = x.double() if x.dtype == torch.double else x.float()
            weight = self.linear.weight
            centre = wide.mean(dim=0)
            offset = wide - centre
            covariance = offset.t() @ offset / len(x)  # (D, D)
            mean = weight @ centre
            var = ((weight @ covariance) * weight).sum(dim=1).clamp(min=0)
        with torch.no_grad():
            norm.num_batches_tracked.add_(1)
            unbiased = var * (len(x) / (len(x) - 1))
            norm.running_mean.lerp_(mean.to(norm.running_mean), norm.momentum)
            norm.running_var.lerp_(unbiased.to(norm.running_var), norm.momentum)
        return mean, var


class _LinearMax(torch.autograd.Function):
    """max over n of (W x_bn), clouds in chunks; backward touches one point for each channel and cloud.

    Shapes:
        - **x:** ``[B, N, D]``, **weight:** ``[C, D]``, **output:** ``[B, C]``
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        step = max(1, CHUNK // (x.size(1) * weight.size(0)))
        parts = [
            (weight @ clouds.flatten(0, 1).t()).view(len(weight), len(clouds), -1).max(dim=2)  # (C, step)
            for clouds in x.split(step)
        ]
        ctx.save_for_backward(x, weight, torch.cat([part.indices for part in parts], dim=1).t())
        return torch.cat([part.values for part in parts], dim=1).t()

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[no-untyped-def]
        x, weight, index = ctx.saved_tensors  # index: (B, C)
        size, num_points, _ = x.shape
        rows = (index + num_points * torch.arange(size, device=x.device)[:, None]).flatten()  # (B*C,)
        grad = grad.to(weight.dtype)
        # The gradient of the product is zero but for one point per channel and cloud: a sparse [B*N, C] matrix.
        points = x.flatten(0, 1)[rows].view(size, -1, x.size(2)).to(weight.dtype)  # (B, C, D), 16 bits under autocast
        grad_weight = torch.einsum("bc,bcd->cd", grad, points)
        grad_x = weight.new_zeros(size * num_points, x.size(2))
        grad_x.index_add_(0, rows, (grad[:, :, None] * weight).flatten(0, 1))
        return grad_x.view_as(x).to(x.dtype), grad_weight
