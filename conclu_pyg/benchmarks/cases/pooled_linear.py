"""The last layer and its maximum over the points, forward and backward: against linear, batch norm, ReLU, maximum."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.clouds import ellipsoids
from conclu_pyg.benchmarks.passes import forward_backward
from conclu_pyg.nn import PooledLinear
from conclu_pyg.nn.plain.to_plain import to_plain

CASE = "pooled_linear"
LAYERS = [(128, 1024), (512, 1024)]


def run(bench: Bench) -> Iterator[Entry]:
    size, num_points = bench.pick((32, 1024), (2, 32))
    batch = ellipsoids(size, num_points, bench.device).batch
    for fan_in, fan_out in bench.pick(LAYERS, [(4, 8)]):
        layer = PooledLinear(fan_in, fan_out).to(bench.device)
        plain = to_plain(layer)
        x = torch.randn(len(batch), fan_in, device=bench.device, requires_grad=True)
        yield from bench.compare(
            CASE,
            f"{size} x {num_points:,} points, {fan_in} to {fan_out}, forward and backward, float32",
            forward_backward(layer.pool, [x, *layer.parameters()], x, batch, size),
            {"linear, batch norm, ReLU, max": forward_backward(plain.pool, [x, *plain.parameters()], x, batch, size)},
        )
