"""Transform nets of PointNet."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.utils import to_dense_batch

from conclu_pyg.nn.mlp import dense_outputs, layer_outputs, mlp
from conclu_pyg.nn.pool import equal_clouds
from conclu_pyg.nn.pooled_linear import PooledLinear


class TransformNet(nn.Module):
    r"""Multiplies the features of each cloud by a matrix that is predicted from the cloud
    (`PointNet <https://arxiv.org/abs/1612.00593>`_, section 4.2 and appendix C).

    The matrix is the identity plus a learned part that is initialised to zero.

    Args:
        channels: number of features (3 for the input transform, 64 for the feature transform).

    Shapes:
        - **x:** ``[M, channels]``, **batch:** ``[M]``, **output:** ``[M, channels]``
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.points = mlp([channels, 64, 128])
        self.pooled = PooledLinear(128, 1024)
        self.cloud = mlp([1024, 512, 256])
        self.matrix = nn.Linear(256, channels * channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.matrix.weight)
        nn.init.zeros_(self.matrix.bias)

    def forward(self, x: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        points = layer_outputs(self.points, x)[-1]
        matrix = self._matrices(self.pooled.pool(points, batch, batch_size))
        num_points = equal_clouds(batch, batch_size)
        if num_points is not None:
            return (x.view(batch_size, num_points, -1) @ matrix).flatten(0, 1)
        dense, inside = to_dense_batch(x, batch, batch_size=batch_size)
        return (dense @ matrix)[inside]

    def dense(self, x: Tensor) -> Tensor:
        """Return the output for clouds of equal size.

        Shapes:
            - **x**, **output:** ``[B, N, channels]``
        """
        return x @ self._matrices(self.pooled.dense(dense_outputs(self.points, x)[-1])[1])

    def _matrices(self, pooled: Tensor) -> Tensor:
        matrix = self.matrix(self.cloud(pooled)).view(-1, self.channels, self.channels)
        return matrix + torch.eye(self.channels, device=pooled.device, dtype=matrix.dtype)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channels})"
