"""A first-in, first-out queue of features of earlier batches."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FeatureQueue(nn.Module):
    """Keeps the last ``size`` rows that were pushed, in buffers that a checkpoint saves.

    Args:
        size: the number of rows, at least 1.
        channels: of a row.
    """

    features: Tensor
    filled: Tensor

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("features", torch.zeros(size, channels))
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))

    def rows(self) -> Tensor:
        """Return the rows that were pushed, the newest first.

        Shapes:
            - **output:** ``[n, channels]``, n <= size
        """
        return self.features[: int(self.filled)]

    @torch.no_grad()
    def push(self, rows: Tensor) -> None:
        """Add rows, and drop the oldest ones.

        Shapes:
            - **rows:** ``[B, channels]``
        """
        kept = torch.cat([rows.to(self.features), self.rows()])[: self.size]
        self.features[: len(kept)] = kept
        self.filled.fill_(len(kept))

    def extra_repr(self) -> str:
        return f"size={self.size}, channels={self.features.size(1)}"
