"""Times steps of ConClu on fixed views, in a process of its own: ``step_once.py ENCODER PRECISION CLOUDS STEPS`` prints
the median seconds and the peak MB of a step as JSON. The encoder is a config in JSON.

It runs with the package of any checkout, named by ``PYTHONPATH``, so that two can be compared.
"""

import importlib
import json
import statistics
import sys
import time
from pathlib import Path

import torch

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.methods import base

POINTS = 1024
memory = importlib.import_module("read_once").memory  # of the same folder


def main(encoder: str, precision: str, clouds: str, steps: str) -> None:
    torch.manual_seed(0)
    method = METHODS.build({"name": "ConClu", "encoder": json.loads(encoder)}).train()
    optimizer = torch.optim.AdamW(method.parameters(), lr=1e-3, fused=True)
    points = torch.nn.functional.normalize(torch.randn(2, int(clouds), POINTS, 3), dim=3)
    views = [batch_clouds(each * (0.3 + 0.7 * torch.rand(int(clouds), 1, 3))) for each in points]
    takes_mapping = hasattr(base, "Method")  # checkouts before the class took the views one by one
    arguments = [dict(zip("ab", views, strict=True))] if takes_mapping else views

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
            losses = method(*arguments).losses
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    step()
    step()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins with what is in use now
    before = memory("VmRSS")
    seconds = []
    for _ in range(int(steps)):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(seconds), "peak_mb": (memory("VmHWM") - before) / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
