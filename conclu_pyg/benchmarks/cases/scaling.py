"""How time and memory of neighbours and encoders grow with points, clouds and neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch

from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.clouds import ellipsoids
from conclu_pyg.benchmarks.measure import Call
from conclu_pyg.benchmarks.passes import encoders, forward_backward
from conclu_pyg.benchmarks.report import Line, Note
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.registry import ENCODERS, NEIGHBORS

CASE = "scaling"
DIMENSIONS = 64


def run(bench: Bench) -> Iterator[Entry]:
    clouds, points, neighbors = (
        bench.pick([4, 8, 16, 32], [2, 4]),
        bench.pick([512, 1024, 2048, 4096, 8192], [16, 32]),
        bench.pick([5, 10, 20, 40], [2, 4]),
    )
    few, some, k = bench.pick((2, 1024, 20), (2, 16, 4))
    knn = partial(_neighbors, bench, few, k=k)
    configs = encoders(bench)
    pointnet, dgcnn = (partial(_encoder, bench, configs[name]) for name in ("PointNet", "DGCNN"))
    lines: list[tuple[str, str, dict[int, Callable[[], Call]]]] = [
        (f"dense neighbours, B = {few}, D = {DIMENSIONS}, k = {k}", "N", {n: partial(knn, n) for n in points}),
        (f"PointNet, B = {few}", "N", {n: partial(pointnet, few, n) for n in points}),
        (f"DGCNN, B = {few}, k = {k}", "N", {n: partial(dgcnn, few, n) for n in points}),
        (f"PointNet, N = {some:,}", "B", {b: partial(pointnet, b, some) for b in clouds}),
        (f"DGCNN, N = {some:,}, k = {k}", "B", {b: partial(dgcnn, b, some) for b in clouds}),
        (
            f"DGCNN, B = {few}, N = {some:,}",
            "k",
            {n: partial(_encoder, bench, {**configs["DGCNN"], "k": n}, few, some) for n in neighbors},
        ),
    ]
    for series, variable, calls in lines:
        for entry in bench.line(CASE, series, variable, calls):
            yield entry
            if isinstance(entry, Line) and entry.time_exponent is not None:
                yield _exponents(entry)


def _neighbors(bench: Bench, size: int, num_points: int, k: int) -> Call:
    batch = ellipsoids(size, num_points, bench.device).batch
    x = torch.randn(len(batch), DIMENSIONS, device=bench.device)
    neighbors = NEIGHBORS.build({"name": "dense"})
    return lambda: neighbors(x, k, batch, size)


def _encoder(bench: Bench, config: dict[str, Any], size: int, num_points: int) -> Call:
    """Forward and backward to the parameters."""
    encoder = ENCODERS.build(config).to(bench.device).train()
    clouds = ellipsoids(size, num_points, bench.device)
    return forward_backward(pooled_features, encoder.parameters(), encoder, clouds)


def _exponents(line: Line) -> Note:
    fitted = {"time": line.time_exponent, "peak memory": line.memory_exponent}
    parts = [f"{name} as {line.variable}^{exponent:.2f}" for name, exponent in fitted.items() if exponent is not None]
    return Note(CASE, f"{line.series}: {' and '.join(parts)}.")
