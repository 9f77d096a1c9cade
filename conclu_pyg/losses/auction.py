"""The assignment problem by auction, on any device and for a batch of problems at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor

DECAY = 6.0  # of the smallest raise of a price, from one phase to the next


@torch.no_grad()
def auction(cost: Tensor, excess: Tensor) -> Tensor:
    r"""Return the column of each row in an assignment whose mean cost is at most ``excess`` above the minimum
    (`Bertsekas <https://doi.org/10.1007/BF00247653>`_, 1992: the auction algorithm with :math:`\epsilon`-scaling).

    Each row without a column bids for the column of least cost plus price: the price at which the second best column
    is as good, and :math:`\epsilon` more. The highest bid gets the column and sets its price; the row that had it goes
    without. A phase ends when all rows have a column. The phases have decreasing :math:`\epsilon`, from about a quarter
    of the largest cost to ``excess``, and each starts with the prices of the last one and without assignments.

    Args:
        cost: finite.
        excess: above 0; far below the rounding error of the costs it has no meaning, and takes long.

    Shapes:
        - **cost:** ``[B, N, N]``, **excess:** ``[B]``, **output:** ``[B, N]``
    """
    size, num = cost.shape[:2]
    if num < 2:  # no second best column
        return torch.zeros(size, num, dtype=torch.long, device=cost.device)
    price = torch.zeros(size * num, dtype=torch.double, device=cost.device)
    excess = excess.double()
    ratio = float((cost.amax(dim=(1, 2)) / 4 / excess).max())
    column = torch.empty(0)
    for phase in range(max(0, math.ceil(math.log(max(1.0, ratio), DECAY))), -1, -1):
        column = _run_phase(cost, price, excess * DECAY**phase)
    return column


def _run_phase(cost: Tensor, price: Tensor, epsilon: Tensor) -> Tensor:
    """Return an assignment, and raise the prices in place.

    Shapes:
        - **cost:** ``[B, N, N]``, **price:** ``[B * N]``, **epsilon:** ``[B]``, **output:** ``[B, N]``
    """
    size, num = cost.shape[:2]
    cost, nobody = cost.flatten(0, 1), size * num
    column = torch.full((nobody + 1,), -1, device=cost.device)  # of each row, and of nobody
    owner = torch.full((nobody,), nobody, device=cost.device)  # the row that has each column
    while len(rows := (column[:-1] < 0).nonzero()[:, 0]):  # (U,)
        problem = rows.div(num, rounding_mode="floor")
        best = (cost[rows] + price.view(size, num)[problem]).topk(2, dim=1, largest=False)  # (U, 2)
        chosen = problem * num + best.indices[:, 0]
        bid = price[chosen] + best.values[:, 1] - best.values[:, 0] + epsilon[problem]
        highest = torch.full_like(price, -torch.inf).scatter_reduce_(0, chosen, bid, "amax")
        bidder = torch.where(bid == highest[chosen], rows, nobody)
        winner = torch.full_like(owner, nobody).scatter_reduce_(0, chosen, bidder, "amin")  # the first of equal bids
        sold = (winner < nobody).nonzero()[:, 0]
        column[owner[sold]] = -1
        owner[sold] = winner[sold]
        column[winner[sold]] = sold % num
        price[sold] = highest[sold]
    return column[:-1].view(size, num)
