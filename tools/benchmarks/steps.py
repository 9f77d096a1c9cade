"""Inputs and training steps to measure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch

from benchmarks.machine import has_native_bf16
from benchmarks.measure import Call
from benchmarks.runner import Runner
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.reference import to_reference
from conclu_pyg.registry import METHODS

METHOD: dict[str, Any] = {"name": "ConClu"}
ENCODERS: dict[str, dict[str, Any]] = {"PointNet": {"name": "PointNet"}, "DGCNN": {"name": "DGCNN", "k": 20}}
STEP_SIZES = (32, 1024), (4, 32)  # clouds and points per cloud, full and quick


def ellipsoids(size: int, num_points: int, device: torch.device, seed: int = 0) -> Batch:
    """Return a batch of randomly ordered points on ellipsoids within the unit sphere.

    Shapes:
        - **pos** of the output: ``[size * num_points, 3]``
    """
    generator = torch.Generator().manual_seed(seed)
    points = torch.nn.functional.normalize(torch.randn(size, num_points, 3, generator=generator), dim=2)
    axes = 0.3 + 0.7 * torch.rand(size, 1, 3, generator=generator)
    return batch_clouds((points * axes).to(device))


def precisions(runner: Runner) -> Iterator[tuple[str, torch.dtype]]:
    """Iterate over float32 and, where the device multiplies it natively, bfloat16."""
    yield "float32", torch.float32
    if has_native_bf16(runner.device):
        yield "bf16", torch.bfloat16
    else:
        runner.note("bf16 is skipped: this device has no instructions that multiply it, so it would be slower.")


def forward_backward(function: Callable[..., Tensor], leaves: Iterable[Tensor], *args: Any) -> Call:
    """Return a call that differentiates the inner product of ``function(*args)`` and a fixed tensor by ``leaves``."""
    leaves = list(leaves)
    with torch.no_grad():
        weights = torch.randn_like(function(*args))
    return lambda: torch.autograd.grad(function(*args), leaves, weights)


class TrainingStep:
    """A step of a method on fixed views: forward, losses, backward, AdamW.

    The initial weights are always the same. The gradients are released at the end, so that a call leaves only the
    weights and the optimiser's state.

    Args:
        runner: gives device and sizes.
        encoder: key of :data:`ENCODERS`.
        dtype: of the matrix products; autocast is used unless it is float32 (default: float32).
        reference: use the reference implementation of the encoder (default: false).
        make_view: returns the i-th view of the method (default: ellipsoids of :data:`STEP_SIZES`).
    """

    def __init__(
        self,
        runner: Runner,
        encoder: str,
        dtype: torch.dtype = torch.float32,
        reference: bool = False,
        make_view: Callable[[int], Batch] | None = None,
    ) -> None:
        self.device, self.dtype = runner.device, dtype
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.method = METHODS.build({**METHOD, "encoder": ENCODERS[encoder]})
        if reference:
            self.method.encoder = to_reference(self.method.encoder)
        self.method.to(self.device).train()
        parameters = [parameter for parameter in self.method.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)
        sizes = runner.size(*STEP_SIZES)
        self.make_view = make_view or (lambda seed: ellipsoids(*sizes, self.device, seed))
        self.views = self.make_views()

    def make_views(self) -> dict[str, Batch]:
        return {name: self.make_view(number) for number, name in enumerate(self.method.views)}

    def losses(self) -> dict[str, Tensor]:
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not torch.float32):
            return self.method(self.views).losses

    def __call__(self) -> None:
        torch.stack(list(self.losses().values())).sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
