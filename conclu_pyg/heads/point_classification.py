"""The head of methods that classify points: the features of a point in several layers and those of its cloud."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import DropFraction, PositiveInt, PositiveInts
from conclu_pyg.heads.classification import after_linear, hidden_layer
from conclu_pyg.nn import CloudLinear
from conclu_pyg.registry import HEADS


@HEADS.register_module()
class PointClassificationHead(nn.Module):
    """The per-point features of an encoder's layers and its pooled features, fully connected layers with batch norm,
    LeakyReLU and dropout, and a linear layer to the classes. A
    :class:`~conclu_pyg.heads.part_segmentation.PartSegmentationHead` without a category.

    Args:
        layer_channels: sizes of the per-point features
            (:func:`~conclu_pyg.encoders.base.layer_channels` of the encoder).
        in_channels: size of the pooled features.
        num_classes: how many classes there are.
        hidden_channels: sizes of the layers between, at least one (default: 256 and 128).
        dropout: share of the values that is dropped after each of them in training (default: 0).

    Shapes:
        - **layers:** ``[M, c]`` for each c of ``layer_channels``, **pooled:** ``[B, in_channels]``, **batch:** ``[M]``
        - **output:** ``[M, num_classes]``

    Raises:
        ArgumentError: a size below 1, no layer to read, none between, or a share outside of [0, 1).
    """

    @validated
    def __init__(
        self,
        layer_channels: PositiveInts,
        in_channels: PositiveInt,
        num_classes: PositiveInt,
        hidden_channels: PositiveInts = (256, 128),
        dropout: DropFraction = 0.0,
    ) -> None:
        super().__init__()
        self.first = CloudLinear(sum(layer_channels), in_channels, hidden_channels[0])
        hidden = [hidden_layer(fan_in, fan_out, dropout) for fan_in, fan_out in pairwise(hidden_channels)]
        last = nn.Linear(hidden_channels[-1], num_classes)
        self.layers = nn.Sequential(*after_linear(hidden_channels[0], dropout, 0.2), *hidden, last)

    def forward(self, layers: Sequence[Tensor], pooled: Tensor, batch: Tensor) -> Tensor:
        return self.layers(self.first(torch.cat(list(layers), dim=1), pooled, batch))
