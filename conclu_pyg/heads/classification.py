"""The heads of classification: pooled features to a score for each class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import DropFraction, PositiveInt
from conclu_pyg.registry import HEADS


@HEADS.register_module()
class ClassificationHead(nn.Module):
    """The classifier of PointNet and DGCNN on the pooled features: fully connected layers 512 and 256, each with batch
    norm, LeakyReLU and dropout, and a linear layer to the classes.

    Args:
        in_channels: size of the pooled features.
        num_classes: how many classes there are.
        hidden_channels: sizes of the layers between (default: 512 and 256).
        dropout: share of the values that is dropped after each of them in training (default: 0.5, as in DGCNN).

    Shapes:
        - **input:** ``[B, in_channels]``, **output:** ``[B, num_classes]``

    Raises:
        ArgumentError: a size below 1, or a share outside of [0, 1).
    """

    @validated
    def __init__(
        self,
        in_channels: PositiveInt,
        num_classes: PositiveInt,
        hidden_channels: Sequence[PositiveInt] = (512, 256),
        dropout: DropFraction = 0.5,
    ) -> None:
        super().__init__()
        widths = [in_channels, *hidden_channels]
        layers = [hidden_layer(fan_in, fan_out, dropout) for fan_in, fan_out in pairwise(widths)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], num_classes))

    def forward(self, pooled: Tensor) -> Tensor:
        return self.layers(pooled)


@HEADS.register_module()
class LinearHead(ClassificationHead):
    """A linear classifier on the pooled features.

    Args:
        in_channels: size of the pooled features.
        num_classes: how many classes there are.

    Shapes:
        - **input:** ``[B, in_channels]``, **output:** ``[B, num_classes]``

    Raises:
        ArgumentError: a size below 1.
    """

    def __init__(self, in_channels: PositiveInt, num_classes: PositiveInt) -> None:
        super().__init__(in_channels, num_classes, hidden_channels=(), dropout=0.0)


def hidden_layer(in_channels: int, out_channels: int, dropout: float, slope: float = 0.2) -> nn.Sequential:
    """Linear layer, batch norm, LeakyReLU (ReLU for a slope of 0) and dropout."""
    return nn.Sequential(nn.Linear(in_channels, out_channels, bias=False), *after_linear(out_channels, dropout, slope))


def after_linear(channels: int, dropout: float, slope: float) -> list[nn.Module]:
    """Return the modules after a linear layer of a head: batch norm, LeakyReLU (ReLU for a slope of 0) and dropout."""
    return [nn.BatchNorm1d(channels), nn.LeakyReLU(slope, inplace=True), nn.Dropout(dropout)]
