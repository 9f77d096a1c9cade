"""The heads of pre-training: what maps pooled features to projections, and projections to predictions."""

from __future__ import annotations

from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.nn import mlp
from conclu_pyg.registry import HEADS


@HEADS.register_module()
class ProjectionHead(nn.Module):
    """ConClu's projector g: "three fully connected layers, each followed by batch normalization [...] LeakyReLU is
    applied after each layer except the last" (section 3.2).

    Args:
        in_channels: size of the pooled features (default: 1024).
        hidden_channels: size of the two layers between (default: 1024).
        out_channels: size of the projections (default: 256).

    Shapes:
        - **input:** ``[B, in_channels]``, **output:** ``[B, out_channels]``

    Raises:
        ArgumentError: a size below 1.
    """

    @validated
    def __init__(
        self, in_channels: PositiveInt = 1024, hidden_channels: PositiveInt = 1024, out_channels: PositiveInt = 256
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        widths = [in_channels, hidden_channels, hidden_channels, out_channels]
        self.layers = mlp(widths, lambda: nn.LeakyReLU(inplace=True), last_act=False)

    def forward(self, pooled: Tensor) -> Tensor:
        return self.layers(pooled)


@HEADS.register_module()
class PredictionHead(nn.Module):
    """ConClu's predictor q: "a linear layer with output dimension 512, followed by batch normalization and LeakyReLU,
    and then a final linear layer with output dimension 256" (section 3.2).

    Args:
        channels: size of projections and predictions (default: 256).
        hidden_channels: size of the layer between (default: 512).

    Shapes:
        - **input:** ``[B, channels]``, **output:** ``[B, channels]``

    Raises:
        ArgumentError: a size below 1.
    """

    @validated
    def __init__(self, channels: PositiveInt = 256, hidden_channels: PositiveInt = 512) -> None:
        super().__init__()
        self.layers = mlp([channels, hidden_channels], lambda: nn.LeakyReLU(inplace=True))
        self.last = nn.Linear(hidden_channels, channels)

    def forward(self, z: Tensor) -> Tensor:
        return self.last(self.layers(z))
