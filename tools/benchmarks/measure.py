"""Time and peak memory of calls, measured in interleaved rounds so that background load affects all calls equally."""

import gc
import json
import os
import statistics
import tempfile
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils import benchmark

Call = Callable[[], object]

MIN_ROUNDS, MAX_ROUNDS = 3, 50
SLOW_CALL_S, SLOW_ROUNDS = 10.0, 2  # slow calls vary less, so two rounds are enough
MARK = "conclu_pyg: measured call"


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


def peak_memory(call: Call, device: torch.device) -> int:
    """Return the peak bytes of tensors during a call, temporaries included, above those held at its start.

    The call runs twice and the second one is measured, so that gradients and optimiser state left by the first one
    count as held. On the CPU the measured call uses one thread, since the profiler records the allocations of the
    calling thread. Memory allocated by other libraries is not included.
    """
    if device.type == "cpu":
        return _peak_on_cpu(call)
    call()
    gc.collect()
    held = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    call()
    return torch.cuda.max_memory_allocated(device) - held


def _peak_on_cpu(call: Call) -> int:
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # otherwise the profiler writes to stderr at each start and stop
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as session:
        call()
        gc.collect()
        with benchmark.set_torch_threads(1), record_function(MARK):
            call()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.json")
        session.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    held: dict[int, int] = {}  # bytes by address; releases of blocks from before the session are not reliable
    total = start = peak = 0
    for event in sorted((event for event in events if "ts" in event), key=lambda event: float(event["ts"])):
        if event["name"] == MARK:
            start = peak = total
        elif event["name"] == "[memory]":
            size, address = event["args"]["Bytes"], event["args"]["Addr"]
            if size > 0:
                held[address] = size
            total += size if size > 0 else -held.pop(address, 0)
            peak = max(peak, total)
    return peak - start
