"""Linear layer on point features concatenated with the features of their cloud."""

from __future__ import annotations

import math

from torch import Tensor, nn


class CloudLinear(nn.Module):
    r"""Linear layer without bias on the features of each point concatenated with those of its cloud:

    .. math::
        y_i = W [x_i, g_{b(i)}] = W_x x_i + W_g g_{b(i)}

    The second product is computed once per cloud, so the features of a cloud are never repeated for its points. With
    1,024 points per cloud the repeated tensor would be the largest of a part segmenter.

    Args:
        point_channels: number of features per point.
        cloud_channels: number of features per cloud.
        out_channels: number of output features.

    Shapes:
        - **x:** ``[M, point_channels]``, **g:** ``[B, cloud_channels]``, **batch:** ``[M]``
        - **output:** ``[M, out_channels]``
    """

    def __init__(self, point_channels: int, cloud_channels: int, out_channels: int) -> None:
        super().__init__()
        self.points = nn.Linear(point_channels, out_channels, bias=False)
        self.clouds = nn.Linear(cloud_channels, out_channels, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise both matrices as ``nn.Linear`` initialises the concatenated one."""
        bound = 1 / math.sqrt(self.points.in_features + self.clouds.in_features)
        for layer in (self.points, self.clouds):
            nn.init.uniform_(layer.weight, -bound, bound)

    def forward(self, x: Tensor, g: Tensor, batch: Tensor) -> Tensor:
        # Not g[batch]: its gradient stops growing in bf16 on the CPU after 256 equal terms (torch 2.13).
        return self.points(x) + self.clouds(g).index_select(0, batch)
