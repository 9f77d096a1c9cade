"""Work on many clouds in parallel threads, each of which computes with one thread of PyTorch's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")


def for_each(work: Callable[[T], None], items: Sequence[T], device: torch.device) -> None:
    """Calls ``work`` for each item: on a CPU in as many threads as PyTorch uses for an operation, else in this one.

    An operation on one cloud is too small to be shared between threads; clouds are not. PyTorch, NumPy and SciPy let
    other threads run while they compute.

    PyTorch's number of threads belongs to each thread, but setting it in one sets it for all that have not computed
    yet: a thread of the program's that first does so while this runs has one, and keeps it.
    """
    threads, inference = torch.get_num_threads(), torch.is_inference_mode_enabled()
    workers = min(threads, len(items)) if device.type == "cpu" else 1
    if workers == 1:
        for item in items:
            work(item)
        return

    def work_alike(item: T) -> None:
        with torch.inference_mode(inference):  # it belongs to a thread
            work(item)

    try:
        with ThreadPoolExecutor(workers, initializer=lambda: torch.set_num_threads(1)) as pool:
            list(pool.map(work_alike, items))  # raises what a thread raised
    finally:
        torch.set_num_threads(threads)  # this thread's never changed, but the number for threads to come did
