"""The fused layers, forward and backward, against their usual forms."""

import torch
from torch import nn
from torch_geometric.nn import EdgeConv as PyGEdgeConv

from benchmarks.runner import Runner
from benchmarks.steps import ellipsoids, forward_backward
from conclu_pyg.nn import PooledLinear
from conclu_pyg.nn.edge_conv import EdgeConv
from conclu_pyg.nn.neighbor_lists import table_to_edges
from conclu_pyg.reference import to_reference
from conclu_pyg.registry import NEIGHBORS


def edge_conv(runner: Runner) -> None:
    """EdgeConv without edges, against PyG's EdgeConv and the reference implementation."""
    size, num_points, k = runner.size((16, 1024, 20), (2, 32, 4))
    clouds = ellipsoids(size, num_points, runner.device)
    index = NEIGHBORS.build({"name": "dense"})(clouds.pos, k, clouds.batch, size)  # (M, k)
    edges = table_to_edges(index)
    for fan_in, fan_out in runner.size([(64, 64), (64, 128), (128, 256)], [(4, 8)]):
        x = torch.randn(len(index), fan_in, device=runner.device, requires_grad=True)
        ours, theirs = (make(fan_in, fan_out).to(runner.device) for make in (EdgeConv, pyg_edge_conv))
        reference = to_reference(ours)
        runner.compare(
            f"{size} x {num_points:,} points, k = {k}, {fan_in} to {fan_out}, forward and backward, float32",
            forward_backward(ours, [x, *ours.parameters()], x, index),
            {
                "PyG's EdgeConv": forward_backward(theirs, [x, *theirs.parameters()], x, edges),
                "ReferenceEdgeConv": forward_backward(reference, [x, *reference.parameters()], x, index),
            },
        )


def pyg_edge_conv(in_channels: int, out_channels: int) -> nn.Module:
    """Return DGCNN's layer in PyG: linear layer, batch norm and LeakyReLU on every edge, then the maximum."""
    linear = nn.Linear(2 * in_channels, out_channels, bias=False)
    return PyGEdgeConv(nn.Sequential(linear, nn.BatchNorm1d(out_channels), nn.LeakyReLU(0.2)), aggr="max")


def pooled_linear(runner: Runner) -> None:
    """The pooled linear layer, against linear layer, batch norm, ReLU and maximum over the points."""
    size, num_points = runner.size((32, 1024), (2, 32))
    batch = ellipsoids(size, num_points, runner.device).batch
    for fan_in, fan_out in runner.size([(128, 1024), (512, 1024)], [(4, 8)]):
        layer = PooledLinear(fan_in, fan_out).to(runner.device)
        reference = to_reference(layer)
        x = torch.randn(len(batch), fan_in, device=runner.device, requires_grad=True)
        runner.compare(
            f"{size} x {num_points:,} points, {fan_in} to {fan_out}, forward and backward, float32",
            forward_backward(layer.pool, [x, *layer.parameters()], x, batch, size),
            {
                "linear, batch norm, ReLU, max": forward_backward(
                    reference.pool, [x, *reference.parameters()], x, batch, size
                )
            },
        )
