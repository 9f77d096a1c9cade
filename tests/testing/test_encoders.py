"""The suite for encoders accepts a minimal encoder, and reports each kind of violation."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import global_max_pool

from conclu_pyg.encoders.checks import checked_input
from conclu_pyg.testing import check_encoder


class Minimal(nn.Module):
    """An encoder with only the required interface."""

    out_channels = 4

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)

    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        return self.linear(pos).sin()

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        x = self.features(pos, batch)
        return x, global_max_pool(x, batch, batch_size)


class Complete(Minimal):
    """An encoder with all optional methods."""

    layer_channels = (4,)

    @checked_input
    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        return super().forward(pos, batch, batch_size)

    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        return self(pos, batch, batch_size)[1]

    def layers(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[list[Tensor], Tensor]:
        x, pooled = self(pos, batch, batch_size)
        return [x], pooled

    def dense(self, pos: Tensor) -> tuple[Tensor, Tensor]:
        x = self.linear(pos).sin()
        return x, x.amax(dim=1)

    def dense_layers(self, pos: Tensor) -> tuple[list[Tensor], Tensor]:
        x, pooled = self.dense(pos)
        return [x], pooled


class NoChannels(Minimal):
    out_channels: Any = None


class Narrow(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        return self.linear(pos)[:, :3]


class Single(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        return super().features(pos, batch).float()


class Infinite(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        return super().features(pos, batch) / 0


class InPlace(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        if not pos.requires_grad:
            pos += 1
        return super().features(pos, batch)


class Unused(Minimal):
    def __init__(self) -> None:
        super().__init__()
        self.other = nn.Linear(3, 4)


class Detached(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        return super().features(pos.detach(), batch)


class WrongGradient(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        x = super().features(pos, batch)
        return x + 0.5 * (pos[:, :1] - pos[:, :1].detach())


class Ordered(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        return super().features(pos + torch.arange(len(pos))[:, None] / 10, batch)


class Mixing(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        return super().features(pos - pos.mean(dim=0), batch)


class Sampling(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        return super().features(pos + 0.1 * torch.randn(3), batch)


class Counting(Minimal):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        self.calls += 1
        return super().features(pos, batch)


class Constant(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        return super().features(pos * 1e-9, batch)


class MeanPool(Minimal):
    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        return self(pos, batch, batch_size)[1] + 0.01


class WrongLayers(Complete):
    layer_channels = (5,)


class WrongDense(Complete):
    def dense(self, pos: Tensor) -> tuple[Tensor, Tensor]:
        x, pooled = super().dense(pos)
        return x, pooled + 0.01


class WrongDenseLayers(Complete):
    def dense_layers(self, pos: Tensor) -> tuple[list[Tensor], Tensor]:
        (x,), pooled = super().dense_layers(pos)
        return [x + 0.01], pooled


class Unchecked(Complete):
    """An encoder that claims to check its input and does not."""

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        return Minimal.forward(self, pos, batch, batch_size)

    forward.checks_input = True  # type: ignore[attr-defined]


class Unpicklable(Minimal):
    def __init__(self) -> None:
        super().__init__()
        self.act = lambda x: x


class Uncompiled(Minimal):
    def features(self, pos: Tensor, batch: Tensor) -> Tensor:
        x = super().features(pos, batch)
        return 2 * x if torch.compiler.is_compiling() else x


@pytest.mark.parametrize("encoder", [Minimal(), Complete()])
def test_a_correct_encoder_passes_and_is_not_changed(encoder: nn.Module) -> None:
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    state = torch.get_rng_state()
    check_encoder(encoder)
    assert all(torch.equal(value, before[key]) for key, value in encoder.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state) and encoder.training
    assert all(parameter.grad is None for parameter in encoder.parameters())


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        (NoChannels, "outputs: ConfigError: NoChannels: expected out_channels"),
        (Narrow, "expected finite per-point features of torch.float64 and shape [72, 4], got torch.float64, [72, 3]"),
        (Single, "expected finite per-point features of torch.float64"),
        (Infinite, "got NaN or infinity"),
        (InPlace, "the call modifies pos"),
        (Unused, "expected a finite, non-zero gradient of other.weight; set requires_grad=False if it is unused"),
        (Detached, "expected a finite, non-zero gradient of pos"),
        (
            WrongGradient,
            "finite differences: clouds of one size, training mode: gradients differ from finite differences",
        ),
        (Ordered, "permutation equivariance: clouds of one size, training mode: per-point features change"),
        (
            Mixing,
            "batch independence: clouds of one size, evaluation mode: per-point features depend on the other clouds",
        ),
        (Sampling, "determinism: clouds of one size, evaluation mode: two calls differ"),
        (Counting, "evaluation mode: clouds of one size, evaluation mode: the call changes calls"),
        (Constant, "different clouds have the same features"),
        (MeanPool, "pool and the call differ in features: the largest difference is 0.01"),
        (WrongLayers, "layers: ConfigError: WrongLayers.layers: expected a list of features of shapes [[72, 5]]"),
        (WrongDense, "dense entry: clouds of one size, evaluation mode: the dense entry and the call differ in pooled"),
        (WrongDenseLayers, "the dense entry and the call differ: the largest difference is 0.01"),
        (Unchecked, "invalid input: forward on a descending batch: expected DataError, got no error"),
        (Unpicklable, "pickling: "),
        (Uncompiled, "torch.compile: clouds of one size, training mode: the result differs from the encoder's"),
    ],
)
def test_each_violation_is_reported(cls: type[nn.Module], expected: str) -> None:
    with pytest.raises(AssertionError) as error:
        check_encoder(cls(), compilable=cls is Uncompiled)
    heading, *lines = str(error.value).split("\n")
    assert heading.startswith(f"{cls.__name__} fails {len(lines)} of ") and heading.endswith(" checks:")
    assert any(expected in line for line in lines), error.value
    assert isinstance(error.value.__cause__, ExceptionGroup) and len(error.value.__cause__.exceptions) == len(lines)


@pytest.mark.parametrize(
    ("cls", "flag"),
    [
        (WrongGradient, "float64_gradients"),
        (Ordered, "permutation_equivariant"),
        (Mixing, "batch_independent"),
        (Sampling, "deterministic"),
        (Unpicklable, "picklable"),
        (Uncompiled, "compilable"),
    ],
)
def test_a_flag_switches_off_what_an_encoder_does_not_promise(cls: type[nn.Module], flag: str) -> None:
    flags = {"compilable": False, flag: False}
    if cls is Ordered:
        flags["batch_independent"] = False  # its order counts over the whole batch
    check_encoder(cls(), **flags)


class OrderedByDeclaration(Ordered):
    not_promised = ("permutation_equivariant", "batch_independent", "compilable")


def test_a_class_can_declare_what_it_does_not_promise() -> None:
    check_encoder(OrderedByDeclaration())


class Mistyped(Minimal):
    not_promised = ("permutation",)


def test_an_unknown_promise_is_refused() -> None:
    with pytest.raises(AssertionError, match="not_promised must be among permutation_equivariant, "):
        check_encoder(Mistyped())


def test_frozen_parameters_need_no_gradient() -> None:
    encoder = Unused()
    encoder.other.requires_grad_(False)
    check_encoder(encoder, compilable=False)


def test_a_config_is_built_and_options_of_size_are_used() -> None:
    check_encoder({"name": "DGCNN", "out_channels": 8, "channels": [8], "k": 40}, num_points=50, compilable=False)
