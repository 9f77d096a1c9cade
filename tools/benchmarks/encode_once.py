"""Embeds clouds that are in memory, in a process of its own: ``encode_once.py ENCODER COUNT WARM_UP_COUNT`` prints
seconds and MB as JSON. The encoder is a config in JSON.

It runs with the package of any checkout, named by ``PYTHONPATH``, so that two can be compared.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

import conclu_pyg
from conclu_pyg import ENCODERS
from conclu_pyg.data.base import PointCloudSplit

POINTS = 1024
memory = importlib.import_module("read_once").memory  # of the same folder


def main(config: str, count: str, warm_up: str) -> None:
    is_new = (Path(conclu_pyg.__file__).parent / "runs" / "embedding.py").exists()
    module = importlib.import_module("conclu_pyg.runs.embedding" if is_new else "conclu_pyg.evaluation.features")
    embed = module.embed_split if is_new else module.embed
    torch.manual_seed(0)
    encoder = ENCODERS.build(json.loads(config)).eval()
    embed(encoder, _split(int(warm_up)), torch.device("cpu"))
    split = _split(int(count))
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins with what is in use now
    before, start = memory("VmRSS"), time.perf_counter()
    rows = len(embed(encoder, split, torch.device("cpu")).x)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mb": (memory("VmHWM") - before) / 1e6, "rows": rows}))


def _split(count: int) -> PointCloudSplit:
    """Returns clouds of points on ellipsoids within the unit sphere."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(count, POINTS, 3))
    points *= rng.uniform(0.3, 1, size=(count, 1, 3)) / np.linalg.norm(points, axis=2, keepdims=True)
    names = [f"{index:05d}" for index in range(count)]
    return PointCloudSplit(points.astype(np.float32), np.zeros(count, np.int64), names, ["ellipsoid"])


if __name__ == "__main__":
    main(*sys.argv[1:])
