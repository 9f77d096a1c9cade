"""The order of points by their coordinates."""

from __future__ import annotations

from torch import Tensor


def lexicographic_order(pos: Tensor) -> Tensor:
    """Return the indices that sort the points of each cloud by x, then by y and z; equal points keep their order.

    Shapes:
        - **pos:** ``[B, N, 3]``, **output:** ``[B, N]``
    """
    order = pos[:, :, 2].argsort(dim=1, stable=True)
    for axis in (1, 0):
        order = order.gather(1, pos[:, :, axis].gather(1, order).argsort(dim=1, stable=True))
    return order
