"""Farthest point sampling."""

from __future__ import annotations

import torch
from torch import Tensor

from conclu_pyg.nn.lexicographic import lexicographic_order


@torch.no_grad()
def farthest_points(pos: Tensor, mask: Tensor, num: int) -> tuple[Tensor, Tensor]:
    """Return points of each cloud, each of which is the farthest from all earlier ones (Eldar et al., 1997).

    The first one is the smallest by x, then y and z, and of points that are equally far the smallest one is taken. So
    the positions of the result depend on neither the order of the points nor the other clouds of the batch. A position
    is taken once: a cloud of n different positions has min(n, num) such points.

    Args:
        pos: finite coordinates; the sampling is in float32 or their own wider type.
        mask: of points, which precede the padding of their cloud; at least one in each.
        num: points to sample, at least 1.

    Shapes:
        - **pos:** ``[B, N, 3]``, **mask:** bool ``[B, N]``
        - **output:** indices ``[B, num]``, and the mask of those that are points, bool ``[B, num]``; others are
          padding, at the end
    """
    wide = pos.detach().to(torch.promote_types(pos.dtype, torch.float32))
    order = lexicographic_order(wide.masked_fill(~mask[:, :, None], torch.inf))
    x = wide.gather(1, order[:, :, None].expand_as(wide)).permute(2, 0, 1).contiguous()  # (3, B, N), padding last
    least = torch.zeros_like(x[0]).masked_fill(mask, torch.inf)  # squared distance to the points so far; 0 for padding
    current = torch.zeros_like(order[:, :1])  # (B, 1)
    index, valid = [current], [torch.ones_like(mask[:, :1])]
    for _ in range(num - 1):
        dx, dy, dz = (axis - axis.gather(1, current) for axis in x)
        least = torch.minimum(least, dx * dx + dy * dy + dz * dz)
        distance, current = least.max(dim=1, keepdim=True)  # of equal ones the first
        index.append(current)
        valid.append(distance > 0)
    return order.gather(1, torch.cat(index, dim=1)), torch.cat(valid, dim=1)
