"""The earth mover's distance between point clouds."""

from __future__ import annotations

import math

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from conclu_pyg.errors import ArgumentError, DataError
from conclu_pyg.losses.auction import auction
from conclu_pyg.losses.chamfer import mean_distance

PRECISION = 1e-7  # of the auction, as a share of the largest distance: about the rounding error of float32


def earth_movers_distance(a: Tensor, b: Tensor, *, tolerance: float = 0.01) -> Tensor:
    r"""Return the earth mover's distance of each pair of clouds of equal size
    (`Fan et al. <https://arxiv.org/abs/1612.00603>`_, section 4.1),

    .. math::
        d(A, B) = \min_{\phi: A \to B} \frac{1}{N} \sum_{x \in A} \|x - \phi(x)\|

    over the bijections :math:`\phi`. The gradient is that of the distances to the assigned points.

    On the CPU the bijection is exact, from SciPy's ``linear_sum_assignment``, which is ten times faster there than an
    auction. On other devices :func:`~conclu_pyg.losses.auction.auction` assigns the points of all clouds at once, and
    the result is at most 1 + ``tolerance`` times the minimum. All distances are in memory at once.

    Args:
        a: the first clouds.
        b: the second clouds.
        tolerance: the largest relative excess of the auction's result (default: 0.01).

    Shapes:
        - **a:** ``[B, N, 3]``, **b:** ``[B, N, 3]``, **output:** ``[B]``

    Raises:
        ArgumentError: ``tolerance`` is not finite and above 0.
        DataError: the clouds differ in their number of points.
    """
    if a.shape != b.shape:
        raise DataError(
            f"earth_movers_distance: expected clouds of equal size, got {list(a.shape)} and {list(b.shape)}; draw the "
            "same number of points of both.",
            argument="b",
            got=list(b.shape),
        )
    if not 0 < tolerance < math.inf:
        message = f"earth_movers_distance: tolerance must be finite and > 0, got {tolerance}."
        raise ArgumentError(message, argument="tolerance", got=tolerance)
    with torch.autocast(a.device.type, enabled=False):
        dtype = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.float32)
        a, b = a.to(dtype), b.to(dtype)
        return mean_distance(a, b, assign_points(a.detach(), b.detach(), tolerance), squared=False)


@torch.no_grad()
def assign_points(a: Tensor, b: Tensor, tolerance: float) -> Tensor:
    """Return the point of ``b`` that each point of ``a`` is assigned to; in order if a coordinate is not finite, so
    that the distance is not finite either.

    Shapes:
        - **a:** ``[B, N, 3]``, **b:** ``[B, N, 3]``, **output:** ``[B, N]``
    """
    cost = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")  # (B, N, N)
    if not bool(cost.isfinite().all()):
        return torch.arange(a.size(1), device=a.device).expand(len(a), -1)
    if a.device.type == "cpu":
        columns = [torch.from_numpy(linear_sum_assignment(each.numpy())[1]) for each in cost]
        return torch.stack(columns)
    return auction(cost, allowed_excess(cost, tolerance))


def allowed_excess(cost: Tensor, tolerance: float) -> Tensor:
    """Return the share ``tolerance`` of a lower bound of the minimum, which is the mean distance to the nearest points.

    Shapes:
        - **cost:** ``[B, N, N]``, **output:** ``[B]``
    """
    least = torch.maximum(cost.amin(dim=2).mean(dim=1), cost.amin(dim=1).mean(dim=1))
    largest = cost.amax(dim=(1, 2)).clamp(min=torch.finfo(cost.dtype).tiny / PRECISION)
    return torch.maximum(tolerance * least, PRECISION * largest)
