"""PointNet."""

from __future__ import annotations

from torch import Tensor, nn

from conclu_pyg.nn import PooledLinear, TransformNet, check_sizes, mlp
from conclu_pyg.registry import ENCODERS

LAYER = 3  # modules of a layer in an MLP: linear, norm, activation


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

    Attributes:
        layer_channels: sizes of what :meth:`layers` gives.

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
        self.layer_channels = [64, 64, 64, 64, 128] if feature_transform else [64, 64, 64, 128]
        self.last = PooledLinear(128, out_channels, nn.ReLU if last_relu else nn.Identity)

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        return self.last(self._points(pos, batch, batch_size)[-1], batch, batch_size)

    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """The pooled features alone, without the per-point tensor ``[M, out_channels]``."""
        return self.last.pool(self._points(pos, batch, batch_size)[-1], batch, batch_size)

    def layers(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[list[Tensor], Tensor]:
        """The per-point features of the layers before the last, as PointNet's part segmentation network reads them,
        and the pooled features.

        Shapes:
            - **output:** ``[M, c]`` for each c of ``layer_channels``, pooled features ``[B, out_channels]``
        """
        points = self._points(pos, batch, batch_size)
        return points, self.last.pool(points[-1], batch, batch_size)

    def _points(self, pos: Tensor, batch: Tensor, batch_size: int) -> list[Tensor]:
        x = pos if self.input_transform is None else self.input_transform(pos, batch, batch_size)
        layers = _each_layer(self.local, x)  # (M, 64) each
        if self.feature_transform is not None:
            layers.append(self.feature_transform(layers[-1], batch, batch_size))
        return layers + _each_layer(self.deep, layers[-1])  # (M, 64), (M, 128)


def _each_layer(layers: nn.Sequential, x: Tensor) -> list[Tensor]:
    """What each linear layer of an MLP gives, with its norm and activation."""
    outputs = []
    for start in range(0, len(layers), LAYER):
        x = layers[start : start + LAYER](x)
        outputs.append(x)
    return outputs
