"""Pooled features of a frozen encoder, computed for a few clouds at a time in parallel threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from conclu_pyg.neighbors.threads import for_each

POINTS = 1 << 11  # of a part, whose features then stay in the cache: 1 MiB for 128 in float32

Pool = Callable[[Tensor, Tensor, int], Tensor]


class Part(NamedTuple):
    """A range of clouds, and the range of their points."""

    clouds: range
    points: slice


def pool_in_parts(encoder: nn.Module, pool: Pool, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
    """Return ``pool(pos, batch, batch_size)``. On the CPU, in evaluation mode and without gradient, it is computed in
    parts of the batch, in as many threads as PyTorch uses, each of which takes one thread for its operations: they are
    too small to be shared, and their results stay in the cache of a core. Fewer clouds than threads are not split: each
    operation is then large enough to be shared.

    Args:
        encoder: all modules that ``pool`` calls.
        pool: computes the features of each cloud, in evaluation mode from that cloud alone.

    Shapes:
        - **pos:** ``[M, 3]``, **batch:** ``[M]``, ascending from 0 to ``batch_size - 1``; **output:** ``[B, C]``
    """
    if not _can_split(encoder, pos):
        return pool(pos, batch, batch_size)
    parts = list(_parts(batch.bincount(minlength=batch_size).tolist()))
    if len(parts) < torch.get_num_threads():
        return pool(pos, batch, batch_size)
    outputs = [pos] * len(parts)

    def compute(number: int) -> None:
        clouds, points = parts[number]
        with torch.no_grad():  # the mode belongs to a thread
            outputs[number] = pool(pos[points], batch[points] - clouds.start, len(clouds))

    for_each(compute, range(len(parts)), pos.device)
    return torch.cat(outputs)


def _can_split(encoder: nn.Module, pos: Tensor) -> bool:
    """Return False also where something of this thread would be missing in others, or hooks would see parts."""
    return (
        pos.device.type == "cpu"
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
        and not any(
            module.training or module._forward_hooks or module._forward_pre_hooks for module in encoder.modules()
        )
    )


def _parts(sizes: list[int]) -> Iterator[Part]:
    """Yield parts of about equal numbers of points: at least one for each thread, if there are as many clouds."""
    most = min(POINTS, -(-sum(sizes) // torch.get_num_threads()))
    first = begin = end = 0
    for cloud, size in enumerate(sizes):
        if end > begin and end + size - begin > most:
            yield Part(range(first, cloud), slice(begin, end))
            first, begin = cloud, end
        end += size
    yield Part(range(first, len(sizes)), slice(begin, end))
