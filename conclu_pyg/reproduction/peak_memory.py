"""Peak memory of the tensors of a call."""

from __future__ import annotations

import gc
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils import benchmark

Call = Callable[[], object]
MARK = "conclu_pyg: measured call"


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
