"""Nearest neighbours: dense and auto against torch_cluster.knn; on coordinates also tree against dense."""

import importlib.util
from functools import partial

import torch
from torch import Tensor

from benchmarks.runner import Runner
from benchmarks.steps import ellipsoids
from conclu_pyg.registry import NEIGHBORS

# Points of a cloud and dimensions. The coordinates lie on both sides of the size from which auto uses the tree.
SIZES = [(1024, 64), (512, 64), (2048, 64), (8192, 3), (1024, 3), (512, 3), (256, 3), (1024, 128)]


def run(runner: Runner) -> None:
    has_torch_cluster = importlib.util.find_spec("torch_cluster") is not None
    if not has_torch_cluster:
        runner.note("torch-cluster is not installed, so the comparison with it is skipped; `make test` installs it.")
    clouds, k = runner.size((8, 20), (2, 4))
    searches = {name: NEIGHBORS.build({"name": name}) for name in ("auto", "dense", "tree")}
    for num_points, dimensions in runner.size(SIZES, [(32, 8), (32, 3)]):
        batch = ellipsoids(clouds, num_points, runner.device)
        for kind, x in make_features(batch.pos, dimensions).items():
            setting = f"{clouds} clouds of {num_points:,} points, {kind}, k = {k}"
            calls = {name: partial(search, x, k, batch.batch, clouds) for name, search in searches.items()}
            theirs = partial(torch_cluster_knn, x, k, batch.batch, clouds)
            for name in ("dense", "auto"):
                runner.compare(
                    f"{name}, {setting}", calls[name], {"torch_cluster": theirs} if has_torch_cluster else {}
                )
            if dimensions == 3:
                runner.compare(f"tree, {setting}", calls["tree"], {"dense": calls["dense"]})


def make_features(pos: Tensor, dimensions: int) -> dict[str, Tensor]:
    """Return the coordinates, or two extremes of features: those of a layer lie near a surface, which favours trees;
    random numbers fill their space.

    Shapes:
        - **pos:** ``[M, 3]``, **each of the output:** ``[M, dimensions]``
    """
    if dimensions == 3:
        return {"coordinates (D = 3)": pos}
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(3, dimensions, generator=generator).to(pos)
    noise = torch.randn(len(pos), dimensions, generator=generator).to(pos)
    layer = torch.nn.functional.leaky_relu(pos @ weight, 0.2)
    return {f"features of a layer (D = {dimensions})": layer, f"random features (D = {dimensions})": noise}


def torch_cluster_knn(x: Tensor, k: int, batch: Tensor, size: int) -> Tensor:
    from torch_cluster import knn

    return knn(x, x, k, batch, batch, batch_size=size)
