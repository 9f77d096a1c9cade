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

    pending = iter(items)  # shared: a task for each item would wake this thread after every one

    def work_off() -> None:
        with torch.inference_mode(inference):  # inference mode is per thread
            for item in pending:
                work(item)

    try:
        with ThreadPoolExecutor(workers, initializer=lambda: torch.set_num_threads(1)) as pool:
            for future in [pool.submit(work_off) for _ in range(workers)]:
                future.result()  # raises the error of the thread
    finally:
        torch.set_num_threads(threads)  # for future threads; this thread's count did not change
