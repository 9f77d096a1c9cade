"""EdgeConv, the layer of DGCNN, without edges."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch_geometric.nn import MessagePassing

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.nn.batch_moments import is_usual, running, track
from conclu_pyg.nn.edge_moments import edge_moments
from conclu_pyg.nn.neighbor_lists import NeighborLists, table_to_edges
from conclu_pyg.nn.neighbor_max import neighbor_max
from conclu_pyg.nn.neighbor_sum import neighbor_sum
from conclu_pyg.nn.sizes import check_sizes


class EdgeConv(MessagePassing):
    r"""The edge convolution of `DGCNN <https://arxiv.org/abs/1801.07829>`_ with one linear layer, batch norm over the
    edges, LeakyReLU and the maximum over the neighbours:

    .. math::
        e_{ij} = W \, (x_i \, \Vert \, x_j - x_i) = (W_1 - W_2) \, x_i + W_2 \, x_j, \qquad
        out_i = \max_{j \in \mathcal{N}(i)} \mathrm{act}(\mathrm{BN}(e_{ij})).

    No tensor of edges is made. The norm is affine and the activation increasing, so that both commute with the maximum:
    with the norm's scale in :math:`W`, :math:`out_i = \mathrm{act}(A_i + \max_j B_j)`, and A and B are one product per
    point. The norm's statistics follow from those of :math:`(x_i, x_j)` over the edges, which need the sum of x over
    the neighbours and no wider one: :math:`\mathrm{var}(e) = \mathrm{diag}(V \, \mathrm{Cov}(x_i, x_j) \, V^{\top})`
    with :math:`V = (W_1 - W_2 \, \Vert \, W_2)`. They are taken in float32 at least, of x without its mean.

    Outputs, statistics and gradients are those of :class:`torch_geometric.nn.EdgeConv` with these layers. Of neighbours
    that tie for a maximum one receives its gradient, where that shares it among them; for neighbours at the same place
    that is the same in sum. (Where the norm's weight is 0 all of them tie: there it is shared.) Differentiable once.

    A norm of another kind, such as that of ``convert_sync_batchnorm``, has statistics of its own, and what replaces the
    linear layer, such as an adapter, a product of its own: they go the plain way, edge by edge, through
    :meth:`propagate`. That takes PyG's ``edge_index``; for :meth:`forward`,
    :func:`~conclu_pyg.nn.neighbor_lists.edges_to_table` makes a table of it.

    Args:
        in_channels: size of the input.
        out_channels: size of the output.
        negative_slope: of the LeakyReLU, 0 at least (default: 0.2).

    Shapes:
        - **x:** ``[M, in_channels]``
        - **index:** ``[M, k]``, rows of x, the neighbours of each point (itself among them, if it is to be one); -1
          where it has fewer than k
        - **output:** ``[M, out_channels]``, 0 for a point without neighbours

    Raises:
        ConfigError: a size below 1, or a negative slope.
        DataError: ``index`` has no row for each point, or entries below -1 or beyond the points.
    """

    def __init__(self, in_channels: int, out_channels: int, negative_slope: float = 0.2) -> None:
        super().__init__(aggr="max")
        check_sizes(self, in_channels=in_channels, out_channels=out_channels)
        if negative_slope < 0:  # then the activation is not increasing, and the maximum does not commute with it
            raise ConfigError(f"EdgeConv takes a negative_slope of at least 0, found {negative_slope}.")
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
                f"EdgeConv takes the neighbours of {len(x)} points as a table [{len(x)}, k], found "
                f"{list(index.shape)}; conclu_pyg.nn.edges_to_table makes one of an edge_index."
            )
        lists = NeighborLists.from_table(index)
        if len(lists.points) > 1 and is_usual(self.linear, self.norm):
            return self._fused(x, index, lists)
        return self.propagate(table_to_edges(index), x=x)  # of one edge there is no variance: the norm refuses it

    def message(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        return self.act(self.norm(self.linear(torch.cat([x_i, x_j - x_i], dim=1))))

    def _fused(self, x: Tensor, index: Tensor, lists: NeighborLists) -> Tensor:
        weight, norm = self.linear.weight, self.norm
        with torch.autocast(x.device.type, enabled=False):
            wide = x.to(torch.promote_types(x.dtype, torch.float32))
            origin = wide.detach().mean(dim=0)
            offset = wide - origin  # (M, D)
            left, right = weight.to(wide.dtype).chunk(2, dim=1)  # (C, D)
            own = left - right
            mean, var = self._moments(offset, lists, torch.cat([own, right], dim=1), left @ origin)
            scale = norm.weight * (var + norm.eps).rsqrt()
            shift = norm.bias - scale * mean
            own, right = scale[:, None] * own, scale[:, None] * right
        offset = offset.to(x.dtype)
        near = linear(offset, right.to(x.dtype))  # (M, C)
        best = neighbor_max(near, index, lists)
        ties = norm.weight == 0  # of all neighbours: so that they share the gradient of that weight
        if bool(ties.any()):
            even = neighbor_sum(near.to(wide.dtype), lists) / lists.counts.clamp(min=1)[:, None]
            best = torch.where(ties, even.to(best.dtype), best)
        out = self.act(linear(offset, own.to(x.dtype), shift.to(x.dtype)) + best)
        lonely = lists.counts == 0
        return out.masked_fill(lonely[:, None], 0) if bool(lonely.any()) else out

    def _moments(self, offset: Tensor, lists: NeighborLists, weight: Tensor, base: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance that normalise the edges: the batch's, which enter the running ones, or those.

        Args:
            offset: x without its mean.
            lists: the neighbours.
            weight: of the two ends of an edge.
            base: what that mean adds to each edge. The mean that is given is without it.

        Shapes:
            - **offset:** ``[M, D]``, **weight:** ``[C, 2 D]``, **base**, **output:** ``[C]``
        """
        if not self.norm.training:
            mean, var = running(self.norm)
            return mean - base, var
        centre, covariance = edge_moments(offset, lists)
        mean = weight @ centre
        var = ((weight @ covariance) * weight).sum(dim=1).clamp(min=0)
        track(self.norm, mean + base, var, len(lists.points))
        return mean, var

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels})"
