"""Time and peak memory of calls, measured in interleaved rounds so that background load affects all calls equally."""

import gc
import statistics
import timeit
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch.utils import benchmark

from conclu_pyg.reproduction.peak_memory import peak_memory

Call = Callable[[], object]

MIN_ROUNDS, MAX_ROUNDS = 3, 50
SLOW_CALL_S, SLOW_ROUNDS = 10.0, 2  # slow calls vary less, so two rounds are enough


class Measurement(NamedTuple):
    """Median time of a call, and its peak of tensor memory above the memory held at its start, in 10^6 bytes."""

    seconds: float
    peak_mb: float


def time_interleaved(
    calls: Sequence[Call],
    device: torch.device,
    budget: float,
    min_rounds: int = MIN_ROUNDS,
    timer: Callable[[], float] = benchmark.timer,
) -> list[Measurement]:
    """Measure calls in turn (A B A B ...): two warm-up calls each, one of which gives the memory, then timed rounds.

    Args:
        calls: functions without arguments.
        device: the device they run on.
        budget: seconds after which no round starts. There are at least ``min_rounds`` and at most 50 rounds; calls
            that take more than ten seconds run in at most two.
        min_rounds: (default: 3).
        timer: clock in seconds (default: PyTorch's, which synchronises the accelerator).
    """
    peaks, limits = [], []
    timers = [timeit.Timer(call, gc.collect, timer) for call in calls]
    times: list[list[float]] = [[] for _ in calls]
    gc.collect()
    gc.freeze()  # so that the collection before each call does not traverse all loaded modules
    try:
        for call in calls:
            start = timer()
            peaks.append(peak_memory(call, device) / 1e6)
            limits.append(SLOW_ROUNDS if (timer() - start) / 2 > SLOW_CALL_S else MAX_ROUNDS)
        start = timer()
        for done in range(MAX_ROUNDS):
            if done >= min_rounds and timer() - start > budget:
                break
            for number, limit in enumerate(limits):
                if done < limit:
                    times[number].append(timers[number].timeit(1))
    finally:
        gc.unfreeze()
    return [Measurement(statistics.median(rounds), peak) for rounds, peak in zip(times, peaks, strict=True)]
