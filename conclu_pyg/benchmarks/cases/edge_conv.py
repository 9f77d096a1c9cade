"""EdgeConv without edges, forward and backward: against PyG's EdgeConv, and against the plain form."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch_geometric.nn import EdgeConv as PyGEdgeConv

from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.clouds import ellipsoids, nearest_points
from conclu_pyg.benchmarks.passes import forward_backward
from conclu_pyg.nn.edge_conv import EdgeConv
from conclu_pyg.nn.neighbor_lists import table_to_edges
from conclu_pyg.nn.plain.edge_conv import PlainEdgeConv

CASE = "edge_conv"
LAYERS = [(64, 64), (64, 128), (128, 256)]


def run(bench: Bench) -> Iterator[Entry]:
    size, num_points, k = bench.pick((16, 1024, 20), (2, 32, 4))
    clouds = ellipsoids(size, num_points, bench.device)
    index = nearest_points(clouds, k)  # (M, k)
    edges = table_to_edges(index)
    for fan_in, fan_out in bench.pick(LAYERS, [(4, 8)]):
        x = torch.randn(len(index), fan_in, device=bench.device, requires_grad=True)
        ours, plain, theirs = (
            layer.to(bench.device)
            for layer in (EdgeConv(fan_in, fan_out), PlainEdgeConv(fan_in, fan_out), pyg_edge_conv(fan_in, fan_out))
        )
        yield from bench.compare(
            CASE,
            f"{size} x {num_points:,} points, k = {k}, {fan_in} to {fan_out}, forward and backward, float32",
            forward_backward(ours, [x, *ours.parameters()], x, index),
            {
                "PyG's EdgeConv": forward_backward(theirs, [x, *theirs.parameters()], x, edges),
                "PlainEdgeConv": forward_backward(plain, [x, *plain.parameters()], x, index),
            },
        )


def pyg_edge_conv(in_channels: int, out_channels: int) -> nn.Module:
    """DGCNN's layer as PyG's users write it: a linear layer, batch norm and LeakyReLU on every edge, then the
    maximum."""
    layer = nn.Sequential(
        nn.Linear(2 * in_channels, out_channels, bias=False), nn.BatchNorm1d(out_channels), nn.LeakyReLU(0.2)
    )
    return PyGEdgeConv(layer, aggr="max")
