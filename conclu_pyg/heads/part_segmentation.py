"""The heads of part segmentation: the features of a point in several layers, those of its cloud, and the category of
the cloud, which is known, to a score for each part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn
from torch.nn.functional import one_hot

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import DropFraction, NonNegativeInt, PositiveInt, PositiveInts
from conclu_pyg.heads.classification import after_linear, hidden_layer
from conclu_pyg.nn import CloudLinear
from conclu_pyg.registry import HEADS


@HEADS.register_module()
class PartSegmentationHead(nn.Module):
    """A head for any encoder: the per-point features of its layers, its pooled features and the category as one-hot,
    fully connected layers with batch norm, LeakyReLU and dropout, and a linear layer to the parts.

    Args:
        layer_channels: sizes of the per-point features
            (:func:`~conclu_pyg.encoders.base.layer_channels` of the encoder).
        in_channels: size of the pooled features.
        num_classes: how many categories there are.
        num_parts: how many parts they have in all.
        hidden_channels: sizes of the layers between, at least one (default: 256, 256 and 128).
        dropout: share of the values that is dropped after each of them but the last in training (default: 0.5).
        slope: of the LeakyReLUs; 0 gives ReLUs (default: 0.2).
        category_channels: size of a learned embedding of the category; 0 leaves it one-hot (default: 0).

    Shapes:
        - **layers:** ``[M, c]`` for each c of ``layer_channels``, **pooled:** ``[B, in_channels]``
        - **category:** ``[B]``, **batch:** ``[M]``
        - **output:** ``[M, num_parts]``

    Raises:
        ArgumentError: a size below 1, no layer to read, none between, or a share outside of [0, 1).
    """

    @validated
    def __init__(
        self,
        layer_channels: PositiveInts,
        in_channels: PositiveInt,
        num_classes: PositiveInt,
        num_parts: PositiveInt,
        hidden_channels: PositiveInts = (256, 256, 128),
        dropout: DropFraction = 0.5,
        slope: Annotated[float, Ge(0), Lt(1)] = 0.2,
        category_channels: NonNegativeInt = 0,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.category = hidden_layer(num_classes, category_channels, 0.0, slope) if category_channels else None
        of_cloud = in_channels + (category_channels or num_classes)
        # The last layer between has no dropout, as in PointNet and DGCNN.
        shares = [dropout] * (len(hidden_channels) - 1) + [0.0]
        self.first = CloudLinear(sum(layer_channels), of_cloud, hidden_channels[0])
        self.after_first = nn.Sequential(*after_linear(hidden_channels[0], shares[0], slope))
        self.hidden = nn.Sequential(
            *(
                hidden_layer(fan_in, fan_out, share, slope)
                for (fan_in, fan_out), share in zip(pairwise(hidden_channels), shares[1:], strict=True)
            )
        )
        self.last = nn.Linear(hidden_channels[-1], num_parts)

    def forward(self, layers: Sequence[Tensor], pooled: Tensor, category: Tensor, batch: Tensor) -> Tensor:
        kind = one_hot(category, self.num_classes).to(pooled.dtype)  # (B, K)
        if self.category is not None:
            kind = self.category(kind)
        x = self.first(torch.cat(list(layers), dim=1), torch.cat([pooled, kind], dim=1), batch)
        return self.last(self.hidden(self.after_first(x)))


@HEADS.register_module()
class PointNetPartHead(PartSegmentationHead):
    """PointNet's segmentation network (`PointNet <https://arxiv.org/abs/1612.00593>`_, supplementary C): the features
    of its layers, the pooled feature and the category as one-hot; layers 256, 256 and 128 with ReLU, a fifth of the
    values of the first two dropped.

    Args:
        layer_channels, in_channels, num_classes, num_parts: as for :class:`PartSegmentationHead`.
        dropout: (default: 0.2).
    """

    def __init__(
        self,
        layer_channels: PositiveInts,
        in_channels: PositiveInt,
        num_classes: PositiveInt,
        num_parts: PositiveInt,
        dropout: DropFraction = 0.2,
    ) -> None:
        super().__init__(layer_channels, in_channels, num_classes, num_parts, dropout=dropout, slope=0.0)


@HEADS.register_module()
class DGCNNPartHead(PartSegmentationHead):
    """DGCNN's segmentation network (`DGCNN <https://arxiv.org/abs/1801.07829>`_, section 4.3): the features of its edge
    convolutions, the pooled feature and the category in 64 channels; layers 256, 256 and 128 with LeakyReLU, half of
    the values of the first two dropped.

    Args:
        layer_channels, in_channels, num_classes, num_parts: as for :class:`PartSegmentationHead`.
        dropout: (default: 0.5).
    """

    def __init__(
        self,
        layer_channels: PositiveInts,
        in_channels: PositiveInt,
        num_classes: PositiveInt,
        num_parts: PositiveInt,
        dropout: DropFraction = 0.5,
    ) -> None:
        super().__init__(layer_channels, in_channels, num_classes, num_parts, dropout=dropout, category_channels=64)
