"""Values that the processes of a run share: sums, rows and decisions. Without a process group each function is that of
a single process.

Every process of the run must call a function for any of them to return.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from conclu_pyg.errors import ConcluError

T = TypeVar("T")
_alone = ContextVar("alone", default=False)


def num_processes() -> int:
    """Return the number of processes that train together, 1 without a process group or in :func:`as_one_process`."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() and not _alone.get() else 1


@contextmanager
def as_one_process() -> Iterator[None]:
    """Within this context the functions of this module are those of a single process: for work that one process does
    while the others wait for it in :func:`on_first`, and would never join."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def rank() -> int:
    """Return the number of this process, 0 for the one that writes files."""
    return dist.get_rank() if num_processes() > 1 else 0


def sum_over_processes(x: Tensor) -> Tensor:
    """Return the sum of the tensors of all processes. Gradients flow to each of them.

    Shapes:
        - **x** and **output:** the same in all processes
    """
    return x if num_processes() == 1 else _Sum.apply(x)


class _Sum(torch.autograd.Function):
    """The gradient of a sum over processes is the sum of the gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return sum_over_processes(grad.contiguous())


@torch.no_grad()
def gather_rows(x: Tensor) -> tuple[Tensor, slice]:
    """Return the rows of all processes in order, and which of them belong to this process. No gradient flows.

    Shapes:
        - **x:** ``[b, ...]``, b may differ between processes; **output:** ``[B, ...]``
    """
    if num_processes() == 1:
        return x, slice(0, len(x))
    size = torch.tensor([len(x)], device=x.device)
    sizes = [torch.empty_like(size) for _ in range(num_processes())]
    dist.all_gather(sizes, size)
    counts = [int(value) for value in sizes]
    padded = x.new_zeros(max(counts), *x.shape[1:])
    padded[: len(x)] = x
    parts = [torch.empty_like(padded) for _ in counts]
    dist.all_gather(parts, padded)
    first = sum(counts[: rank()])
    return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)]), slice(first, first + len(x))


def gather_values(value: T) -> list[T]:
    """Return the value of each process, in order. It must be picklable, and small: it is copied to all."""
    if num_processes() == 1:
        return [value]
    values: list[Any] = [None] * num_processes()
    dist.all_gather_object(values, value)
    return values


def on_first(function: Callable[[], T]) -> T:
    """Call ``function`` in the first process only, and return its result in all; an error is raised in all."""
    if num_processes() == 1:
        return function()
    outcome: list[Any] = [None, None]
    if rank() == 0:
        try:
            outcome = [function(), None]
        except Exception as error:  # is raised below, in all processes
            outcome = [None, error if _is_sendable(error) else ConcluError(f"{type(error).__name__}: {error}")]
    dist.broadcast_object_list(outcome, src=0)
    result, raised = outcome
    if raised is not None:
        raise raised
    return result


def _is_sendable(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return False
    return True


def largest(value: int, device: torch.device) -> int:
    """Return the largest value of all processes."""
    if num_processes() == 1:
        return value
    shared = torch.tensor(value, device=device)
    dist.all_reduce(shared, dist.ReduceOp.MAX)
    return int(shared)
