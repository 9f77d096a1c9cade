"""FoldingNet's encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.encoders.checks import checked_input
from conclu_pyg.encoders.parts import pool_in_parts
from conclu_pyg.neighbors.base import NeighborSearch
from conclu_pyg.nn import PooledLinear, mlp
from conclu_pyg.nn.local_covariance import local_covariance
from conclu_pyg.nn.mlp import layer_outputs
from conclu_pyg.nn.neighbor_lists import NeighborLists
from conclu_pyg.nn.neighbor_max import neighbor_max
from conclu_pyg.registry import ENCODERS, NEIGHBORS


@ENCODERS.register_module()
class FoldingNetEncoder(nn.Module):
    r"""The graph-based encoder of `FoldingNet <https://arxiv.org/abs/1712.07262>`_ (section 3.1): the coordinates of
    each point and the covariance of its neighbourhood pass a perceptron 64-64-64 and two graph layers

    .. math::
        Y = \mathrm{ReLU}(A_{max}(X) \, K), \qquad A_{max}(X)_{ij} = \max_{k \in N(i)} x_{kj}

    of 128 and ``out_channels`` features, on the graph of the nearest neighbours of the coordinates; the maximum over
    the points passes two fully connected layers.

    The paper's codeword has 512 features, from a maximum over 1,024; here both have ``out_channels``, as per-point and
    pooled features of an encoder do. Batch norms follow the linear layers on points.

    Args:
        out_channels: number of features (default: 1024).
        k: number of neighbours per point, including itself (default: 16, as in the paper).
        neighbors: config of the neighbour search, or the search (default: ``{name: auto}``).

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``
        - **output:** per-point features ``[M, out_channels]``, pooled features ``[B, out_channels]``

    Attributes:
        layer_channels: numbers of channels of the features that :meth:`layers` returns: 64, 64, 64 and 128.

    Raises:
        ArgumentError: ``out_channels`` or ``k`` is below 1.
        DataError: the input violates the contract of encoders (:mod:`conclu_pyg.encoders.base`).
    """

    components: ClassVar = {"neighbors": NEIGHBORS}

    @validated
    def __init__(
        self,
        out_channels: PositiveInt = 1024,
        k: PositiveInt = 16,
        neighbors: Mapping[str, Any] | NeighborSearch | None = None,
    ) -> None:
        super().__init__()
        self.out_channels, self.k = out_channels, k
        self.layer_channels = [64, 64, 64, 128]
        self.neighbors: NeighborSearch = NEIGHBORS.build(neighbors or {"name": "auto"})
        self.local = mlp([12, 64, 64, 64])
        self.graph = mlp([64, 128])
        self.last = PooledLinear(128, out_channels)
        self.code = nn.Sequential(
            nn.Linear(out_channels, out_channels), nn.ReLU(), nn.Linear(out_channels, out_channels)
        )

    @checked_input
    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        _, x = self._points(pos, batch, batch_size)
        points, pooled = self.last(x, batch, batch_size)
        return points, self.code(pooled)

    @checked_input
    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """Return the pooled features only, without allocating the per-point tensor ``[M, out_channels]``."""
        return pool_in_parts(self, self._pool, pos, batch, batch_size)

    @checked_input
    def layers(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[list[Tensor], Tensor]:
        """Return the per-point features of all layers but the last, and the pooled features.

        Shapes:
            - **output:** ``[M, c]`` for each c of ``layer_channels``, pooled features ``[B, out_channels]``
        """
        layers, x = self._points(pos, batch, batch_size)
        return layers, self.code(self.last.pool(x, batch, batch_size))

    def _pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        return self.code(self.last.pool(self._points(pos, batch, batch_size)[1], batch, batch_size))

    def _points(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[list[Tensor], Tensor]:
        """Return the features of the layers, and the input of the last one, ``[M, 128]``."""
        index = self.neighbors(pos, self.k, batch, batch_size)
        lists = NeighborLists.from_table(index)
        covariance = local_covariance(pos, index).flatten(1)  # (M, 9)
        layers = layer_outputs(self.local, torch.cat([pos, covariance], dim=1))
        layers += layer_outputs(self.graph, neighbor_max(layers[-1], index, lists))
        return layers, neighbor_max(layers[-1], index, lists)
