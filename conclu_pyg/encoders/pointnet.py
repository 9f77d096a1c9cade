"""PointNet encoder."""

from __future__ import annotations

from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.encoders.checks import checked_input
from conclu_pyg.encoders.parts import pool_in_parts
from conclu_pyg.nn import PooledLinear, TransformNet, mlp
from conclu_pyg.nn.mlp import dense_outputs, layer_outputs
from conclu_pyg.registry import ENCODERS


@ENCODERS.register_module()
class PointNet(nn.Module):
    r"""The classification network of `PointNet <https://arxiv.org/abs/1612.00593>`_ up to its global feature:
    point-wise layers 64-64, 64-128-1024 and the maximum over the points.

    Args:
        out_channels: number of features (default: 1024).
        input_transform: align the coordinates by a transform net (default: True, as in the paper).
        feature_transform: align the 64-dimensional features by a transform net (default: True, as in the paper; the
            paper's penalty on the predicted matrix is not implemented).
        last_relu: apply a ReLU after the last batch norm (default: True; ConClu's authors omit it).

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``
        - **output:** per-point features ``[M, out_channels]``, pooled features ``[B, out_channels]``

    Attributes:
        layer_channels: numbers of channels of the features that :meth:`layers` returns.

    Raises:
        ArgumentError: ``out_channels`` is below 1.
        DataError: the input violates the contract of encoders (:mod:`conclu_pyg.encoders.base`).
    """

    @validated
    def __init__(
        self,
        out_channels: PositiveInt = 1024,
        input_transform: bool = True,
        feature_transform: bool = True,
        last_relu: bool = True,
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.input_transform = TransformNet(3) if input_transform else None
        self.local = mlp([3, 64, 64])
        self.feature_transform = TransformNet(64) if feature_transform else None
        self.deep = mlp([64, 64, 128])
        self.layer_channels = [64, 64, 64, 64, 128] if feature_transform else [64, 64, 64, 128]
        self.last = PooledLinear(128, out_channels, nn.ReLU if last_relu else nn.Identity)

    @checked_input
    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        return self.last(self._points(pos, batch, batch_size)[-1], batch, batch_size)

    @checked_input
    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """Return the pooled features only, without allocating the per-point tensor ``[M, out_channels]``."""
        return pool_in_parts(self, self._pool, pos, batch, batch_size)

    @checked_input
    def layers(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[list[Tensor], Tensor]:
        """Return the per-point features of all layers but the last, as PointNet's part segmentation network reads
        them, and the pooled features.

        Shapes:
            - **output:** ``[M, c]`` for each c of ``layer_channels``, pooled features ``[B, out_channels]``
        """
        points = self._points(pos, batch, batch_size)
        return points, self.last.pool(points[-1], batch, batch_size)

    def dense(self, pos: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features of clouds of equal size, in evaluation mode; see :mod:`conclu_pyg.encoders.dense`.

        Shapes:
            - **pos:** ``[B, N, 3]``, **output:** ``[B, N, out_channels]``, ``[B, out_channels]``
        """
        return self.last.dense(self._dense_points(pos)[-1])

    def dense_layers(self, pos: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return :meth:`layers` of clouds of equal size, in evaluation mode.

        Shapes:
            - **pos:** ``[B, N, 3]``, **output:** ``[B, N, c]`` for each c of ``layer_channels``, ``[B, out_channels]``
        """
        points = self._dense_points(pos)
        return points, self.last.dense(points[-1])[1]

    def _dense_points(self, pos: Tensor) -> list[Tensor]:
        layers = dense_outputs(self.local, pos if self.input_transform is None else self.input_transform.dense(pos))
        if self.feature_transform is not None:
            layers.append(self.feature_transform.dense(layers[-1]))
        return layers + dense_outputs(self.deep, layers[-1])

    def _pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        return self.last.pool(self._points(pos, batch, batch_size)[-1], batch, batch_size)

    def _points(self, pos: Tensor, batch: Tensor, batch_size: int) -> list[Tensor]:
        x = pos if self.input_transform is None else self.input_transform(pos, batch, batch_size)
        layers = layer_outputs(self.local, x)  # (M, 64) each
        if self.feature_transform is not None:
            layers.append(self.feature_transform(layers[-1], batch, batch_size))
        return layers + layer_outputs(self.deep, layers[-1])  # (M, 64), (M, 128)
