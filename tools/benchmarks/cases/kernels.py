"""Operations of DGCNN with compiled kernels, against the same with PyTorch's operations."""

from collections.abc import Callable
from functools import partial

import torch

from benchmarks.cases.neighbors import make_features
from benchmarks.runner import Runner
from benchmarks.steps import ellipsoids, forward_backward
from conclu_pyg.encoders.dgcnn import DGCNN
from conclu_pyg.kernels import compiled_kernels, without_kernels
from conclu_pyg.nn.edge_conv import EdgeConv
from conclu_pyg.registry import NEIGHBORS


def run(runner: Runner) -> None:
    if compiled_kernels(torch.empty(0, device=runner.device)) is None:
        runner.note("skipped: the kernels need a CPU and Numba, which `pip install 'conclu_pyg[fast]'` installs.")
        return
    size, num_points, k = runner.size((16, 1024, 20), (2, 64, 4))
    clouds = ellipsoids(size, num_points, runner.device)
    search = NEIGHBORS.build({"name": "auto"})
    for dimensions in runner.size((3, 64, 128), (3, 8)):
        for kind, x in make_features(clouds.pos, dimensions).items():
            found = partial(search, x, k, clouds.batch, size)
            _compare(runner, f"auto neighbours, {size} clouds of {num_points:,} points, {kind}, k = {k}", found)
    index = search(clouds.pos, k, clouds.batch, size)  # (M, k)
    for fan_in, fan_out in runner.size([(64, 64), (64, 128), (128, 256)], [(4, 8)]):
        x = torch.randn(len(index), fan_in, requires_grad=True)
        layer = EdgeConv(fan_in, fan_out)
        call = forward_backward(layer, [x, *layer.parameters()], x, index)
        _compare(runner, f"EdgeConv, {size} x {num_points:,} points, {fan_in} to {fan_out}, forward and backward", call)
    encoder = DGCNN()
    pooled = partial(encoder.pool, clouds.pos, clouds.batch, size)
    call = forward_backward(encoder.pool, list(encoder.parameters()), clouds.pos, clouds.batch, size)
    _compare(runner, f"DGCNN, {size} x {num_points:,} points, pooled, forward and backward", call)
    encoder.eval()
    _compare(runner, f"DGCNN, {size} x {num_points:,} points, frozen", torch.no_grad()(pooled))


def _compare(runner: Runner, setting: str, call: Callable[[], object]) -> None:
    def plain() -> object:
        with without_kernels():
            return call()

    runner.compare(setting, call, {"without kernels": plain})
