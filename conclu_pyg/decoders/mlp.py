"""A fully connected decoder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.registry import DECODERS


@DECODERS.register_module()
class MLPDecoder(nn.Module):
    """All coordinates of a cloud by fully connected layers with ReLU between them
    (`Achlioptas et al. <https://arxiv.org/abs/1707.02392>`_, section 3).

    Args:
        in_channels: size of the pooled features.
        num_points: points of a cloud (default: 1024).
        hidden_channels: sizes of the hidden layers (default: 1024 and 1024).

    Shapes:
        - **input:** ``[B, in_channels]``, **output:** ``[B, num_points, 3]``

    Raises:
        ArgumentError: a size below 1.
    """

    @validated
    def __init__(
        self,
        in_channels: PositiveInt,
        num_points: PositiveInt = 1024,
        hidden_channels: Sequence[PositiveInt] = (1024, 1024),
    ) -> None:
        super().__init__()
        self.num_points = num_points
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise([in_channels, *hidden_channels]):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Linear([in_channels, *hidden_channels][-1], 3 * num_points))

    def forward(self, latent: Tensor) -> Tensor:
        return self.layers(latent).view(len(latent), self.num_points, 3)
