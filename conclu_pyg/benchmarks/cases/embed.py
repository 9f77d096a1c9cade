"""Features of a frozen encoder: against its plain form, and in clouds per second."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.clouds import ellipsoids
from conclu_pyg.benchmarks.passes import encoders
from conclu_pyg.benchmarks.report import Note
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.nn.plain.to_plain import to_plain
from conclu_pyg.registry import ENCODERS

CASE = "embed"


def run(bench: Bench) -> Iterator[Entry]:
    size, num_points = bench.pick((64, 1024), (4, 32))
    clouds = ellipsoids(size, num_points, bench.device)
    for name, config in encoders(bench).items():
        encoder = ENCODERS.build(config).to(bench.device).eval()
        ours, plain = partial(features, encoder, clouds), partial(features, to_plain(encoder), clouds)
        setting = f"{name}, {size} x {num_points:,} points, float32"
        for row in bench.compare(CASE, setting, ours, {"the plain form": plain}):
            yield row
            yield Note(CASE, f"{name} embeds {size / row.ours_s:,.0f} clouds of {num_points:,} points per second.")


@torch.inference_mode()
def features(encoder: nn.Module, clouds: Batch) -> Tensor:
    """Pooled features, as evaluations take them."""
    return pooled_features(encoder, clouds)
