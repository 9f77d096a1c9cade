"""Time and peak memory of calls that take turns in one process, so that what else the machine does meets them all."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch.profiler import ProfilerActivity, profile, record_function

Call = Callable[[], object]

LEAST_ROUNDS, MOST_ROUNDS = 3, 50
SLOW, SLOW_ROUNDS = 10.0, 2  # seconds; the rounds of calls that take longer, which vary less
MEASURED = "conclu_pyg: measured call"  # what marks it among the profiler's events
MB = 1e6


class Measured(NamedTuple):
    """The median time of a call, and the peak of tensor memory during one of them above what was held at its start."""

    seconds: float
    peak_mb: float


def alternate(
    calls: Mapping[str, Call],
    device: torch.device,
    budget: float,
    say: Callable[[str], None] = lambda status: None,
    least: int = LEAST_ROUNDS,
) -> dict[str, Measured]:
    """Measures calls in turns: each is warmed up, its memory taken, then timed in rounds, of which the median counts.

    Args:
        calls: by name; they take nothing, and what they give is dropped.
        device: waited for before and after each call.
        budget: seconds after which no round is begun, but there are ``least`` rounds and no more than 50; calls that
            take more than ten seconds are in two of them at most.
        say: is told what is going on.
        least: (default: 3).
    """
    peaks, most = {}, {}
    for name, call in calls.items():
        say(f"{name}: warm-up and memory")
        began = time.perf_counter()
        peaks[name] = peak_memory(call, device) / MB
        one = (time.perf_counter() - began) / 2  # second, for it was called twice
        most[name] = SLOW_ROUNDS if one > SLOW else MOST_ROUNDS
    times: dict[str, list[float]] = {name: [] for name in calls}
    began = time.perf_counter()
    gc.freeze()  # so that collecting what the calls leave does not look through all modules each time
    try:
        for done in range(MOST_ROUNDS):
            if done >= least and time.perf_counter() - began > budget:
                break
            for name, call in calls.items():
                if done >= most[name]:
                    continue
                say(f"{name}: round {done + 1}")
                times[name].append(seconds(call, device))
    finally:
        gc.unfreeze()
    return {name: Measured(statistics.median(times[name]), peaks[name]) for name in calls}


def seconds(call: Call, device: torch.device) -> float:
    """The time of one call, until the device has done it; garbage is collected before."""
    gc.collect()
    synchronize(device)
    began = time.perf_counter()
    call()
    synchronize(device)
    return time.perf_counter() - began


def synchronize(device: torch.device) -> None:
    """Waits until the device has done what it was asked; the CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets PyTorch, and what of this package shares clouds between threads, compute in the calling one alone."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def peak_memory(call: Call, device: torch.device) -> float:
    """The most bytes of tensors, results and temporaries alike, that exist at a time during a call, above what is held
    at its start.

    The call is made twice and the second one counts, so that what the first one leaves (gradients, the optimiser's
    state) is held at the start. On the CPU it is the sum of the profiler's allocations and releases, which sees all
    that PyTorch's allocator gives to this thread. So the call that counts is made with one thread: where clouds are
    shared between threads, each further thread adds what it works on. Memory of other libraries is not seen.
    """
    return _peak_on_cuda(call, device) if device.type == "cuda" else _peak_on_cpu(call)


def _peak_on_cuda(call: Call, device: torch.device) -> float:
    call()
    gc.collect()
    torch.cuda.synchronize(device)
    held = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize(device)
    return float(torch.cuda.max_memory_allocated(device) - held)


def _peak_on_cpu(call: Call) -> float:
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # the profiler tells stderr of each start and stop otherwise
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as session:
        call()
        gc.collect()
        with one_thread(), record_function(MEASURED):
            call()
    tree = session.profiler.kineto_results.experimental_event_tree()
    events = sorted(_walk(tree), key=lambda event: event.start_time_ns)
    # A release of what was allocated before the session has no event, or a wrong one: only its own blocks are counted.
    held: dict[int, int] = {}
    total = start = peak = 0
    for event in events:
        if event.name == MEASURED:
            start = peak = total
        elif event.typed[0].name == "Allocation":
            block = event.typed[1]
            change = block.alloc_size if block.alloc_size > 0 else -held.pop(block.ptr, 0)
            if change > 0:
                held[block.ptr] = change
            total += change
            peak = max(peak, total)
    return float(peak - start)


def _walk(events: Iterable[Any]) -> Iterator[Any]:
    pending = list(events)
    while pending:  # no recursion: a backward pass nests deeply
        event = pending.pop()
        yield event
        pending += event.children
