"""What is timed of a module that trains: forward and backward, or a whole step of ConClu."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.benchmarks.bench import Bench
from conclu_pyg.benchmarks.measure import Call
from conclu_pyg.nn.plain.to_plain import to_plain
from conclu_pyg.registry import METHODS

# Configs by what the tables call them, in full and for a quick look.
ENCODERS_MEASURED: dict[str, dict[str, Any]] = {"PointNet": {"name": "PointNet"}, "DGCNN": {"name": "DGCNN", "k": 20}}
QUICK_ENCODERS: dict[str, dict[str, Any]] = {
    "PointNet": {"name": "PointNet", "out_channels": 16},
    "DGCNN": {"name": "DGCNN", "out_channels": 16, "channels": [8, 8], "k": 4},
}
QUICK_HEADS: dict[str, dict[str, Any]] = {
    "projector": {"name": "ProjectionHead", "hidden_channels": 16},
    "predictor": {"name": "PredictionHead", "hidden_channels": 16},
}


def encoders(bench: Bench) -> dict[str, dict[str, Any]]:
    """The configs of the encoders that are measured, by name."""
    return bench.pick(ENCODERS_MEASURED, QUICK_ENCODERS)


def forward_backward(function: Callable[..., Tensor], leaves: Iterable[Tensor], *args: Any) -> Call:
    """The function and the gradients of its output's inner product with fixed random numbers.

    Args:
        function: gives a tensor.
        leaves: what it is differentiated by.
        *args: what it is called with.
    """
    leaves = list(leaves)
    with torch.no_grad():
        weights = torch.randn_like(function(*args))
    return lambda: torch.autograd.grad(function(*args), leaves, weights)


class TrainingStep:
    """Calls make a step of a method on two fixed views: forward, losses, backward, AdamW. The gradients are released
    at the end, so that a call leaves nothing behind but the weights and the optimiser's state.

    Args:
        method: trains, on the device of the views.
        views: two batches of the same clouds.
        dtype: of the products, by autocast where it is not float32 (default: float32).
    """

    def __init__(self, method: nn.Module, views: Sequence[Batch], dtype: torch.dtype = torch.float32) -> None:
        self.method, self.views, self.dtype = method, list(views), dtype
        self.optimizer = torch.optim.AdamW(method.parameters(), lr=1e-3, fused=True)

    def __call__(self) -> None:
        device = self.views[0].pos.device.type
        with torch.autocast(device, self.dtype, enabled=self.dtype is not torch.float32):
            output = self.method(*self.views)
        torch.stack(list(output.losses.values())).sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def make_method(bench: Bench, encoder: str) -> nn.Module:
    """ConClu in training mode around the encoder of that name, always with the same weights."""
    heads = bench.pick({}, QUICK_HEADS)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return METHODS.build({"name": "ConClu", "encoder": encoders(bench)[encoder], **heads}).to(bench.device).train()


def with_plain_encoder(method: nn.Module) -> nn.Module:
    """A copy of the method, of the same weights, whose encoder goes the plain way."""
    plain = copy.deepcopy(method)
    plain.encoder = to_plain(plain.get_submodule("encoder"))
    return plain
