"""Nearest neighbours: dense and auto, against torch_cluster.knn; of coordinates the tree too, against dense."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from conclu_pyg.benchmarks.bench import Bench, Entry
from conclu_pyg.benchmarks.clouds import ellipsoids
from conclu_pyg.benchmarks.report import Note
from conclu_pyg.registry import NEIGHBORS

CASE = "neighbors"
K = 20
# Points of a cloud, their dimensions. Of coordinates on both sides of where auto turns to the tree.
SIZES = [(1024, 64), (512, 64), (2048, 64), (1024, 3), (512, 3), (256, 3), (1024, 128)]
OURS = ("dense", "auto")


def run(bench: Bench) -> Iterator[Entry]:
    found = importlib.util.find_spec("torch_cluster") is not None
    if not found:
        yield Note(CASE, "torch-cluster is not installed, so nothing is compared with it; `make test` installs it.")
    clouds, k = bench.pick(8, 2), bench.pick(K, 4)
    for num_points, dimensions in bench.pick(SIZES, [(32, 8), (32, 3)]):
        batch = ellipsoids(clouds, num_points, bench.device)
        for kind, x in features(batch.pos, dimensions).items():
            setting = f"{clouds} clouds of {num_points:,} points, {kind}, k = {k}"
            call = (x, k, batch.batch, clouds)
            references = {"torch_cluster": partial(_torch_cluster, *call)} if found else {}
            for name in OURS:
                ours = partial(NEIGHBORS.build({"name": name}), *call)
                yield from bench.compare(CASE, f"{name}, {setting}", ours, references)
            if dimensions == 3:
                tree, dense = (partial(NEIGHBORS.build({"name": name}), *call) for name in ("tree", "dense"))
                yield from bench.compare(CASE, f"tree, {setting}", tree, {"dense": dense})


def features(pos: Tensor, dimensions: int) -> dict[str, Tensor]:
    """What neighbours are sought among: the coordinates, or features of both extremes. Those of a layer lie near a
    surface, which a tree can use; random numbers fill their space, which it cannot.

    Shapes:
        - **pos:** ``[M, 3]``, **each of the output:** ``[M, dimensions]``
    """
    if dimensions == 3:
        return {"coordinates (D = 3)": pos}
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(3, dimensions, generator=generator).to(pos)
    noise = torch.randn(len(pos), dimensions, generator=generator).to(pos)
    return {
        f"features of a layer (D = {dimensions})": torch.nn.functional.leaky_relu(pos @ weight, 0.2),
        f"random features (D = {dimensions})": noise,
    }


def _torch_cluster(x: Tensor, k: int, batch: Tensor, size: int) -> Tensor:
    from torch_cluster import knn

    return knn(x, x, k, batch, batch, batch_size=size)
