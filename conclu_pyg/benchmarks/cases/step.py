"""A whole training step of ConClu: against the same step with the encoder's plain form."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.clouds import ellipsoids
from conclu_pyg.benchmarks.machine import multiplies_bf16
from conclu_pyg.benchmarks.passes import TrainingStep, encoders, make_method, with_plain_encoder
from conclu_pyg.benchmarks.report import Note

CASE = "step"


def run(bench: Bench) -> Iterator[Entry]:
    size, num_points = bench.pick((32, 1024), (4, 32))
    views = [ellipsoids(size, num_points, bench.device, seed) for seed in range(2)]
    half = multiplies_bf16(bench.device)
    if not half:
        yield Note(CASE, "bf16 is left out: this device has no instructions that multiply it, so it would be slower.")
    for name in encoders(bench):
        method = make_method(bench, name)
        plain = with_plain_encoder(method)
        setting = f"{name}, both views of {size} x {num_points:,} points (made before)"
        references = {"the plain form": TrainingStep(plain, views)}
        yield from bench.compare(CASE, f"{setting}, float32", TrainingStep(method, views), references)
        if half:
            references = {
                "the plain form in bf16": TrainingStep(plain, views, torch.bfloat16),
                "the plain form in float32": TrainingStep(plain, views),
            }
            ours = TrainingStep(method, views, torch.bfloat16)
            yield from bench.compare(CASE, f"{setting}, bf16", ours, references)
