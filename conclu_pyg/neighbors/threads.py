"""Parallel work on clouds, in threads that each use one PyTorch thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")


def for_each(work: Callable[[T], None], items: Sequence[T], device: torch.device) -> None:
    """Call ``work`` for each item: on the CPU in as many threads as PyTorch uses per operation, else in this thread.

    An operation on one cloud is too small to be split between threads, so threads work on different clouds. PyTorch,
    NumPy and SciPy release the interpreter lock while they compute.

    PyTorch's thread count is per thread, but setting it in one thread also sets it for all threads that have not
    computed yet: a thread of the program that first computes during this call keeps a count of one.
    """
    threads, inference = torch.get_num_threads(), torch.is_inference_mode_enabled()
    workers = min(threads, len(items)) if device.type == "cpu" else 1
    if workers == 1:
        for item in items:
            work(item)
        return

    def work_in_mode(item: T) -> None:
        with torch.inference_mode(inference):  # inference mode is per thread
            work(item)

    try:
        with ThreadPoolExecutor(workers, initializer=lambda: torch.set_num_threads(1)) as pool:
            list(pool.map(work_in_mode, items))  # re-raises errors of the threads
    finally:
        torch.set_num_threads(threads)  # for future threads; this thread's count did not change
