"""Encoders: features of a frozen one, and scaling of time and memory with the sizes."""

from functools import partial
from typing import Any

import torch

from benchmarks import steps
from benchmarks.measure import Call
from benchmarks.runner import Runner
from benchmarks.steps import ellipsoids, forward_backward
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.reference import to_reference
from conclu_pyg.registry import ENCODERS, NEIGHBORS

DIMENSIONS = 64


def embed(runner: Runner) -> None:
    """Features of a frozen encoder, against its reference implementation and in clouds per second."""
    size, num_points = runner.size((64, 1024), (4, 32))
    clouds = ellipsoids(size, num_points, runner.device)
    features = torch.inference_mode()(pooled_features)
    for name, config in steps.ENCODERS.items():
        encoder = ENCODERS.build(config).to(runner.device).eval()
        ours, reference = partial(features, encoder, clouds), partial(features, to_reference(encoder), clouds)
        (row,) = runner.compare(
            f"{name}, {size} x {num_points:,} points, float32", ours, {"the reference implementation": reference}
        )
        runner.note(f"{name} embeds {size / row.ours_s:,.0f} clouds of {num_points:,} points per second.")


def scaling(runner: Runner) -> None:
    """Neighbours and encoders against the numbers of points N, clouds B and neighbours k."""
    clouds = runner.size([4, 8, 16, 32], [2, 4])
    points = runner.size([512, 1024, 2048, 4096, 8192], [32, 64])
    neighbors = runner.size([5, 10, 20, 40], [2, 4])
    b, n, k = runner.size((2, 1024, 20), (2, 32, 20))
    knn = partial(_neighbors, runner, k)
    pointnet, dgcnn = (partial(_encoder, runner, steps.ENCODERS[name]) for name in ("PointNet", "DGCNN"))
    by_k = {v: partial(_encoder, runner, {**steps.ENCODERS["DGCNN"], "k": v}, b, n) for v in neighbors}
    runner.line(f"dense neighbours, B = {b}, D = {DIMENSIONS}, k = {k}", "N", {v: partial(knn, b, v) for v in points})
    runner.line(f"PointNet, B = {b}", "N", {v: partial(pointnet, b, v) for v in points})
    runner.line(f"DGCNN, B = {b}, k = {k}", "N", {v: partial(dgcnn, b, v) for v in points})
    runner.line(f"PointNet, N = {n:,}", "B", {v: partial(pointnet, v, n) for v in clouds})
    runner.line(f"DGCNN, N = {n:,}, k = {k}", "B", {v: partial(dgcnn, v, n) for v in clouds})
    runner.line(f"DGCNN, B = {b}, N = {n:,}", "k", by_k)


def _neighbors(runner: Runner, k: int, size: int, num_points: int) -> Call:
    batch = ellipsoids(size, num_points, runner.device).batch
    x = torch.randn(len(batch), DIMENSIONS, device=runner.device)
    return partial(NEIGHBORS.build({"name": "dense"}), x, k, batch, size)


def _encoder(runner: Runner, config: dict[str, Any], size: int, num_points: int) -> Call:
    """Return a forward and backward pass to the parameters."""
    encoder = ENCODERS.build(config).to(runner.device).train()
    clouds = ellipsoids(size, num_points, runner.device)
    return forward_backward(pooled_features, encoder.parameters(), encoder, clouds)
