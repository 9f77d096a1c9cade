"""The suite for methods finds each kind of fault."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch

from conclu_pyg.methods.base import Method, MethodOutput
from conclu_pyg.testing import check_method


class Good(Method):
    """A minimal method without faults."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(3, 4)

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        return MethodOutput({"size": self.encoder(views["a"].pos).square().mean()})


class NotFinite(Good):
    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        return MethodOutput({"size": super().forward(views).losses["size"] * torch.inf})


class NeedsGradients(Good):
    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        size = super().forward(views).losses["size"]
        return MethodOutput({"size": size if torch.is_grad_enabled() else 2 * size})


class AttachedMetric(Good):
    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        losses = super().forward(views).losses
        return MethodOutput(losses, {"copy": losses["size"] * 2})


class Unused(Good):
    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Linear(2, 2)


class Forgotten(Unused):
    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        loss = super().forward(views).losses["size"] + self.unused.weight.square().sum() + self.unused.bias.sum() ** 2
        return MethodOutput({"size": loss})

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.encoder.parameters())}]


class Misnamed(Good):
    def loss_names(self) -> list[str]:
        return ["other"]


class Alarmed(Good):
    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        return ["always"]


class Clustered(Good):
    num_clusters = 3

    def assign(self, clouds: Batch) -> torch.Tensor:
        return torch.zeros(clouds.num_graphs, 3)


class Constant(Good):
    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        return MethodOutput({"size": super().forward(views).losses["size"] * 1e-9 + 1})


def test_a_method_without_faults_passes_and_is_not_changed() -> None:
    method = Good()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    check_method(method)
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())


@pytest.mark.parametrize(
    ("method", "check"),
    [
        (NotFinite, "losses and metrics"),
        (NeedsGradients, "losses without gradients"),
        (AttachedMetric, "losses and metrics"),
        (Unused, "gradients"),
        (Forgotten, "parameters to optimise"),
        (Misnamed, "names of the losses"),
        (Alarmed, "warnings"),
        (Clustered, "clusters"),
        (Constant, "training steps"),
    ],
)
def test_a_fault_fails_its_check(method: type[Method], check: str) -> None:
    with pytest.raises(AssertionError, match=rf"{method.__name__} fails [\s\S]*  {check}: "):
        check_method(method())


def test_a_method_that_need_not_learn_passes() -> None:
    check_method(Constant(), learns=False)
