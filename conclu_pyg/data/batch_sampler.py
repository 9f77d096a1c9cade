"""Batch samplers: batches of nearly the same size, their parts, epochs of several passes, and a later beginning."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import torch
from torch.utils.data import Sampler

from conclu_pyg.errors import ConfigError


class BalancedBatchSampler(Sampler[list[int]]):
    """Yields the samples of an epoch in random order, in as few batches as possible, whose sizes differ by at most one.

    A last batch of two or three clouds would ruin the batch-norm statistics, which costs several points of accuracy if
    an epoch has few batches, so all batches have nearly the same size.

    Args:
        num_samples: the number of samples, at least two.
        batch_size: the largest batch, at least two. An odd number of samples in batches of two gives one batch of
            three, because batch norm has no variance in a single cloud.
        generator: draws a new order in each epoch.
    """

    def __init__(self, num_samples: int, batch_size: int, generator: torch.Generator) -> None:
        self.num_samples, self.generator = num_samples, generator
        self.num_batches = min(-(-num_samples // batch_size), num_samples // 2)

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(self.num_samples, generator=self.generator)
        for batch in order.tensor_split(self.num_batches):
            yield batch.tolist()


class SharedBatches(Sampler[list[int]]):
    """Yields the part of each batch that belongs to one of several processes: consecutive samples, whose numbers differ
    by at most one between processes. All parts together are the batch.

    Args:
        sampler: yields the whole batches, the same in all processes.
        rank: the number of the process.
        num_processes: the number of processes.
    """

    def __init__(self, sampler: Sampler[list[int]], rank: int, num_processes: int) -> None:
        self.sampler: Any = sampler
        self.rank, self.num_processes = rank, num_processes

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.sampler:
            if len(batch) < self.num_processes:
                raise ConfigError(
                    f"expected a cloud for each of the {self.num_processes} processes in every batch, got a batch of "
                    f"{len(batch)}; give a larger pipeline.batch_size, or fewer processes.",
                    argument="batch_size",
                    got=len(batch),
                )
            yield torch.tensor(batch).tensor_split(self.num_processes)[self.rank].tolist()


class EpochBatches(Sampler[list[int]]):
    """Yields the batches of an epoch: those of another sampler, once or in several passes, from a position within the
    epoch on.

    Args:
        sampler: yields the batches of one pass. Its generator must be in the state of the beginning of the epoch.
        min_batches: an epoch has as many whole passes as it needs for so many batches, one at least (default: 1).

    Attributes:
        skip: batches to leave out in the next epoch; 0 after that.
    """

    def __init__(self, sampler: Sampler[list[int]], min_batches: int = 1) -> None:
        self.sampler: Any = sampler
        self.min_batches, self.skip = min_batches, 0

    @property
    def passes(self) -> int:
        """The number of passes in an epoch."""
        return max(1, -(-self.min_batches // len(self.sampler)))

    def __len__(self) -> int:
        """The number of batches in a whole epoch."""
        return self.passes * len(self.sampler)

    def __iter__(self) -> Iterator[list[int]]:
        skip, self.skip = self.skip, 0
        yield from islice(chain.from_iterable(self.sampler for _ in range(self.passes)), skip, None)
