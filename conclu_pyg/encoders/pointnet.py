"""PointNet."""

from __future__ import annotations

from torch import Tensor, nn

from conclu_pyg.nn import PooledLinear, TransformNet, check_sizes, mlp
from conclu_pyg.registry import ENCODERS


@ENCODERS.register_module()
class PointNet(nn.Module):
    r"""The classification network of `PointNet <https://arxiv.org/abs/1612.00593>`_ up to its global feature:
    point-wise layers 64-64, 64-128-1024 and the maximum over the points.

    Args:
        out_channels: size of the features (default: 1024).
        input_transform: whether a transform net aligns the coordinates (default: true, as in the paper).
        feature_transform: whether a transform net aligns the 64-d features (default: true, as in the paper; the paper's
            penalty on that matrix is not among the losses).
        last_relu: whether a ReLU follows the last batch norm (default: true; ConClu's authors leave it out).

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``
        - **output:** per-point features ``[M, out_channels]``, pooled features ``[B, out_channels]``

    Raises:
        ConfigError: ``out_channels`` below 1.
    """

    def __init__(
        self,
        out_channels: int = 1024,
        input_transform: bool = True,
        feature_transform: bool = True,
        last_relu: bool = True,
    ) -> None:
        super().__init__()
        check_sizes(self, out_channels=out_channels)
        self.out_channels = out_channels
        self.input_transform = TransformNet(3) if input_transform else None
        self.local = mlp([3, 64, 64])
        self.feature_transform = TransformNet(64) if feature_transform else None
        self.deep = mlp([64, 64, 128])
        self.last = PooledLinear(128, out_channels, nn.ReLU if last_relu else nn.Identity)

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        return self.last(self._points(pos, batch, batch_size), batch, batch_size)

    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """The pooled features alone, without the per-point tensor ``[M, out_channels]``."""
        return self.last.pool(self._points(pos, batch, batch_size), batch, batch_size)

    def _points(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        x = pos if self.input_transform is None else self.input_transform(pos, batch, batch_size)
        x = self.local(x)  # (M, 64)
        if self.feature_transform is not None:
            x = self.feature_transform(x, batch, batch_size)
        return self.deep(x)  # (M, 128)
