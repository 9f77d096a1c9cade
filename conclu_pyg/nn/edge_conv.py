"""EdgeConv, the layer of DGCNN, computed without a tensor of edges."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch_geometric.nn import MessagePassing

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeFloat, PositiveInt
from conclu_pyg.errors import DataError
from conclu_pyg.nn.batch_moments import batch_mean, batch_moments, running_stats, supports_fused
from conclu_pyg.nn.edge_moments import edge_moments
from conclu_pyg.nn.frozen import folded
from conclu_pyg.nn.nearest_in_cloud import gather_points
from conclu_pyg.nn.neighbor_lists import NeighborLists, table_to_edges
from conclu_pyg.nn.neighbor_max import neighbor_max
from conclu_pyg.nn.neighbor_sum import neighbor_sum


class EdgeConv(MessagePassing):
    r"""The edge convolution of `DGCNN <https://arxiv.org/abs/1801.07829>`_ with one linear layer, batch norm over the
    edges, LeakyReLU and the maximum over the neighbours:

    .. math::
        e_{ij} = W \, (x_i \, \Vert \, x_j - x_i) = (W_1 - W_2) \, x_i + W_2 \, x_j, \qquad
        out_i = \max_{j \in \mathcal{N}(i)} \mathrm{act}(\mathrm{BN}(e_{ij})).

    No tensor of edges is allocated. The norm is affine and the activation increasing, so both commute with the maximum:
    with the norm's scale in :math:`W`, :math:`out_i = \mathrm{act}(A_i + \max_j B_j)`, where A and B are one product
    per point. The norm's statistics follow from those of :math:`(x_i, x_j)` over the edges, which need only the sum of
    x over the neighbours: :math:`\mathrm{var}(e) = \mathrm{diag}(V \, \mathrm{Cov}(x_i, x_j) \, V^{\top})` with
    :math:`V = (W_1 - W_2 \, \Vert \, W_2)`. They are computed from the centred x, in float32 or wider.

    Outputs, statistics and gradients equal those of :class:`torch_geometric.nn.EdgeConv` with these layers. If
    neighbours tie for a maximum, one of them receives its gradient, whereas PyG shares it among them; for neighbours at
    the same position the sums agree. (Where the norm's weight is 0, all neighbours tie and share the gradient.)
    Differentiable once.

    A norm of another type, such as that of ``convert_sync_batchnorm``, or a replaced linear layer, such as an adapter,
    must be called: the layer then computes edge by edge through :meth:`propagate`, which takes PyG's ``edge_index``.
    :func:`~conclu_pyg.nn.neighbor_lists.edges_to_table` converts an ``edge_index`` to the table that :meth:`forward`
    takes.

    Args:
        in_channels: number of input features.
        out_channels: number of output features.
        negative_slope: negative slope of the LeakyReLU, at least 0 (default: 0.2).

    Shapes:
        - **x:** ``[M, in_channels]``
        - **index:** ``[M, k]``, rows of x, the neighbours of each point (including the point itself if it has an
          edge to itself); -1 where a point has fewer than k
        - **output:** ``[M, out_channels]``, 0 for a point without neighbours

    Raises:
        ArgumentError: a number of features is below 1, or ``negative_slope`` is negative or not finite.
        DataError: ``index`` does not have one row per point, or has entries below -1 or above M - 1.
    """

    @validated
    def __init__(
        self,
        in_channels: PositiveInt,
        out_channels: PositiveInt,
        negative_slope: NonNegativeFloat = 0.2,  # the activation must be increasing to commute with the maximum
    ) -> None:
        super().__init__(aggr="max")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.linear = nn.Linear(2 * in_channels, out_channels, bias=False)
        self.norm = nn.BatchNorm1d(out_channels)
        self.act = nn.LeakyReLU(negative_slope, inplace=True)

    def reset_parameters(self) -> None:
        super().reset_parameters()
        self.linear.reset_parameters()
        self.norm.reset_parameters()

    def forward(self, x: Tensor, index: Tensor) -> Tensor:
        if index.dim() != 2 or len(index) != len(x):
            raise DataError(
                f"EdgeConv: expected the neighbours of {len(x)} points as a table [{len(x)}, k], got "
                f"{list(index.shape)}; convert an edge_index by conclu_pyg.nn.edges_to_table.",
                argument="index",
                got=list(index.shape),
            )
        lists = NeighborLists.from_table(index)
        if len(lists.points) > 1 and supports_fused(self.linear, self.norm):
            return self._fused(x, index, lists)
        return self.propagate(table_to_edges(index), x=x)  # a single edge has no variance: the norm raises

    def dense(self, x: Tensor, index: Tensor) -> Tensor:
        """Return the output for clouds of equal size, with the norm's running statistics.

        Shapes:
            - **x:** ``[B, N, in_channels]``, **index:** ``[B, N, k]``, points of the same cloud
            - **output:** ``[B, N, out_channels]``
        """
        if not supports_fused(self.linear, self.norm):  # edge by edge
            neighbors = gather_points(x, index)  # (B, N, k, D)
            center = x[:, :, None].expand_as(neighbors)
            return self.message(center.flatten(0, 2), neighbors.flatten(0, 2)).unflatten(0, index.shape).amax(dim=2)
        weight, bias = folded(self.linear, self.norm)
        left, right = weight[:, : self.in_channels], weight[:, self.in_channels :]
        return self.act(linear(x, left - right, bias) + gather_points(linear(x, right), index).amax(dim=2))

    def message(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        return self.act(self.norm(self.linear(torch.cat([x_i, x_j - x_i], dim=1))))

    def _fused(self, x: Tensor, index: Tensor, lists: NeighborLists) -> Tensor:
        weight, norm = self.linear.weight, self.norm
        with torch.autocast(x.device.type, enabled=False):
            wide = x.to(torch.promote_types(x.dtype, torch.float32))
            origin = batch_mean(norm, wide.detach())
            offset = wide - origin  # (M, D)
            left, right = weight.to(wide.dtype).chunk(2, dim=1)  # (C, D)
            own = left - right
            mean, var = self._moments(offset, lists, torch.cat([own, right], dim=1), left @ origin)
            scale = norm.weight * (var + norm.eps).rsqrt()
            shift = norm.bias - scale * mean
            own, right = scale[:, None] * own, scale[:, None] * right
        offset = offset.to(x.dtype)
        neighbor_values = linear(offset, right.to(x.dtype))  # (M, C)
        max_values = neighbor_max(neighbor_values, index, lists)
        ties = norm.weight == 0  # here all neighbours tie, and share the gradient of that weight
        if bool(ties.any()):
            tied = neighbor_sum(neighbor_values.to(wide.dtype), lists) / lists.counts.clamp(min=1)[:, None]
            max_values = torch.where(ties, tied.to(max_values.dtype), max_values)
        out = self.act(linear(offset, own.to(x.dtype), shift.to(x.dtype)) + max_values)
        isolated = lists.counts == 0
        return out.masked_fill(isolated[:, None], 0) if bool(isolated.any()) else out

    def _moments(self, offset: Tensor, lists: NeighborLists, weight: Tensor, base: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and biased variance that normalise the edges: the running ones in evaluation mode, else those
        of the batch, which also update the running ones and may be shared by several processes.

        Args:
            offset: the centred x.
            lists: the neighbours.
            weight: weight of both ends of an edge.
            base: contribution of the mean of x to every edge; it is not part of the returned mean.

        Shapes:
            - **offset:** ``[M, D]``, **weight:** ``[C, 2 D]``, **base**, **output:** ``[C]``
        """
        if not self.norm.training:
            mean, var = running_stats(self.norm)
            return mean - base, var
        center, covariance = edge_moments(offset, lists)
        mean = weight @ center
        var = ((weight @ covariance) * weight).sum(dim=1).clamp(min=0)
        return batch_moments(self.norm, mean, var, len(lists.points), base)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels})"
