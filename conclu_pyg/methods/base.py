"""What a method gives to the training loop."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class MethodOutput(NamedTuple):
    """Named losses, whose sum is minimised, and statistics to log; all of them scalars.

    A method is a ``torch.nn.Module`` with an ``encoder`` whose ``forward(view_a, view_b)`` takes two PyG batches of the
    same clouds and gives this.
    """

    losses: dict[str, Tensor]
    statistics: dict[str, Tensor]
