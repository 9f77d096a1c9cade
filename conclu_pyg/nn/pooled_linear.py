"""Last layer of a point encoder: linear, batch norm and maximum, with or without per-point output."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from conclu_pyg.nn.batch_moments import batch_moments, running_stats, supports_fused
from conclu_pyg.nn.frozen import folded, is_frozen, largest_products
from conclu_pyg.nn.pool import equal_clouds, max_pool
from conclu_pyg.nn.pooled_product import PooledProduct


class PooledLinear(nn.Module):
    """Linear layer, batch norm, activation, and the maximum over the points of each cloud.

    :meth:`forward` returns the per-point features and their maximum. :meth:`pool` returns the same maximum, with the
    same statistics and gradients, without the ``[M, out_channels]`` tensor: the norm is affine and the activation
    increasing, so both commute with the maximum (with the minimum where the norm's weight is negative), and the norm's
    statistics follow from those of the input (:class:`~conclu_pyg.nn.pooled_product.PooledProduct`). If points tie for
    a maximum, one of them receives its gradient, whereas :meth:`forward` shares it among them; for points at the same
    position the sums agree. (Where the norm's weight is 0, all points tie and share the gradient.) If clouds differ in
    size, or if the norm or the linear layer was replaced, for example by ``convert_sync_batchnorm`` or an adapter,
    :meth:`pool` calls :meth:`forward`. In evaluation mode without gradient it only keeps the maximum
    (:mod:`conclu_pyg.nn.frozen`), for clouds of any size.

    Args:
        in_channels: number of input features.
        out_channels: number of output features.
        act: creates the activation, an increasing function (default: ReLU).

    Shapes:
        - **x:** ``[M, in_channels]``, **batch:** ``[M]``
        - **per-point output:** ``[M, out_channels]``, **pooled output:** ``[B, out_channels]``
    """

    def __init__(self, in_channels: int, out_channels: int, act: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.linear = nn.Linear(in_channels, out_channels, bias=False)
        self.norm = nn.BatchNorm1d(out_channels)
        self.act = act()

    def forward(self, x: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        out = self.act(self.norm(self.linear(x)))
        return out, max_pool(out, batch, batch_size)

    def dense(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the output for clouds of equal size.

        Shapes:
            - **x:** ``[B, N, in_channels]``
            - **output:** ``[B, N, out_channels]``, ``[B, out_channels]``
        """
        out = self.norm(self.linear(x.flatten(0, 1))).unflatten(0, x.shape[:2])
        return self.act(out), self.act(out.amax(dim=1))  # independent: an export drops an unused one

    def pool(self, x: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        if is_frozen(self.linear, self.norm):
            sizes = batch.bincount(minlength=batch_size).tolist()
            if all(sizes):
                weight, bias = folded(self.linear, self.norm)
                return self.act(largest_products(x, weight, sizes) + bias)
        num_points = equal_clouds(batch, batch_size) if supports_fused(self.linear, self.norm) else None
        if num_points is None or len(x) == 1:  # a single value has no variance: the norm raises
            return self(x, batch, batch_size)[1]
        weight = self.linear.weight
        sign = torch.where(self.norm.weight < 0, -1.0, 1.0).to(weight.dtype)  # (C,)
        clouds = x.view(batch_size, num_points, -1)
        extreme, mean, var = PooledProduct.apply(clouds, weight, sign, self.norm.training)
        if self.norm.training:
            mean, var = batch_moments(self.norm, mean, var, len(x))
        else:
            mean, var = running_stats(self.norm)
        ties = self.norm.weight == 0  # here all points of a cloud tie, and share the gradient of that weight
        if bool(ties.any()):
            with torch.autocast(x.device.type, enabled=False):
                tied = clouds.mean(dim=1, dtype=mean.dtype) @ weight.to(mean.dtype).t()  # (B, C)
            extreme = torch.where(ties, tied, extreme)
        out = (extreme - mean) * (var + self.norm.eps).rsqrt() * self.norm.weight + self.norm.bias
        return self.act(out.to(torch.promote_types(x.dtype, weight.dtype)))
