"""MRTNet's encoder."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt, PositiveInts
from conclu_pyg.encoders.checks import checked_input
from conclu_pyg.nn.kd_order import kd_order
from conclu_pyg.nn.multi_resolution import ROOTS, MultiResolutionConv, depth_of_tree, joined, resolutions
from conclu_pyg.registry import ENCODERS


@ENCODERS.register_module()
class MRTNetEncoder(nn.Module):
    """The encoder of `MRTNet <https://arxiv.org/abs/1807.03520>`_ (section 3): the points of a cloud, as a list in the
    order of a k-d tree, pass convolutions on three resolutions of the list, each of which halves it, down to 16
    entries; a linear layer makes the feature of the cloud of them.

    The order is computed here (:func:`~conclu_pyg.nn.kd_order.kd_order`), so it is the same for a cloud alone and in a
    batch, and whatever the order of the input. A cloud of n points becomes a list of ``num_points``: entry i is the
    point of rank floor(i n / num_points), so a smaller cloud repeats points, and a larger one is thinned evenly. The
    paper's clouds have as many points as the list. The paper has no features of points; here that of a point is the
    part of its entry of the last list in the sum of the linear layer.

    Args:
        out_channels: number of features (default: 1024).
        num_points: entries of the list, a power of two and at least 32 (default: 1024).
        channels: numbers of features of the convolutions; the last one is repeated if there are fewer than halvings
            (default: 16, 32, 64, 128, 256, 256, 512, 512, 512, half of those in the paper, as in the authors' code).

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``
        - **output:** per-point features ``[M, out_channels]``, pooled features ``[B, out_channels]``

    Raises:
        ArgumentError: a size below its least value, or ``num_points`` is no power of two.
        DataError: the input violates the contract of encoders (:mod:`conclu_pyg.encoders.base`).
    """

    @validated
    def __init__(
        self,
        out_channels: PositiveInt = 1024,
        num_points: Annotated[int, Ge(2 * ROOTS)] = 1024,
        channels: PositiveInts = (16, 32, 64, 128, 256, 256, 512, 512, 512),
    ) -> None:
        super().__init__()
        self.out_channels, self.num_points = out_channels, num_points
        self.depth = depth_of_tree("MRTNetEncoder", num_points)
        halvings = self.depth - depth_of_tree("MRTNetEncoder", ROOTS)
        sizes = [3, *channels[:halvings], *[channels[-1]] * (halvings - len(channels))]
        self.convs = nn.Sequential(*(MultiResolutionConv(i, o) for i, o in pairwise(sizes)))
        self.last = nn.Linear(3 * sizes[-1] * ROOTS, out_channels)

    @checked_input
    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        counts = batch.bincount(minlength=batch_size)
        ptr = torch.cat([counts.new_zeros(1), counts.cumsum(dim=0)])
        order = kd_order(pos, ptr, self.depth)
        entry = torch.arange(self.num_points, device=pos.device)
        picked = (entry * counts[:, None]).div(self.num_points, rounding_mode="floor") + ptr[:-1, None]  # (B, N)
        x = joined(self.convs(resolutions(pos[order[picked]].transpose(1, 2))))  # (B, 3 C, 16)
        rank = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=pos.device)) - ptr[batch]
        root = (rank * ROOTS).div(counts[batch], rounding_mode="floor")  # (M,)
        weight = self.last.weight.view(self.out_channels, -1, ROOTS)
        parts = torch.einsum("bfe,cfe->bec", x, weight) + self.last.bias / ROOTS  # of the linear layer's sum
        return parts[batch, root], parts.sum(dim=1)
