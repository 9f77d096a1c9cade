"""The clouds of an epoch in a random order, dealt out into batches of nearly equal size."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


class BalancedBatchSampler(Sampler[list[int]]):
    """As few batches as hold all clouds, whose sizes differ by one at most.

    Of full batches and a rest, the rest may be two or three clouds: the batch norms of its step and their running
    statistics then rest on next to nothing, which costs several points of accuracy where an epoch has few batches.

    Args:
        clouds: how many there are, two at least.
        batch_size: the most clouds in a batch, two at least; of an odd number of clouds in batches of two, one has
            three, for batch norm finds no variance in a single cloud.
        generator: draws the order, anew in each epoch.
    """

    def __init__(self, clouds: int, batch_size: int, generator: torch.Generator) -> None:
        self.clouds, self.generator = clouds, generator
        self.batches = min(-(-clouds // batch_size), clouds // 2)

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(self.clouds, generator=self.generator)
        for batch in order.tensor_split(self.batches):
            yield batch.tolist()
