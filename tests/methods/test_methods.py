"""Properties of every self-supervised method: a registered method is tested by being registered."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from helpers import PATCH_ENCODER
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.methods.base import (
    Clusters,
    Method,
    MethodOutput,
    Progress,
    TwoViewMethod,
    as_method,
    clusters_of,
)
from conclu_pyg.pipelines.training_clouds import CleanClouds, UnlabelledClouds
from conclu_pyg.pipelines.views import compose_views
from conclu_pyg.tasks.base import Task
from conclu_pyg.testing import check_method

ENCODER = {"name": "PointNet", "out_channels": 32, "input_transform": False, "feature_transform": False}
SHARED_VIEWS = [{"name": "RandomHalfSpaceCrop"}, {"name": "FixedPoints", "num_points": 32}]
# Arguments where the defaults are too large for these clouds.
SMALL: dict[str, dict[str, Any]] = {
    "FoldingNet": {"decoder": {"name": "FoldingDecoder", "num_points": 64, "hidden_channels": 32}, "num_points": 48},
    "MRTNet": {"decoder": {"name": "TreeDecoder", "num_points": 64, "channels": [16, 16]}, "num_points": 48},
    "OcCo": {"decoder": {"name": "PCNDecoder", "num_points": 64, "hidden_channels": [64, 32]}, "num_points": 48},
    "PointMAE": {"encoder": PATCH_ENCODER, "num_points": 48},
}
MIDDLE = Progress(step=5, num_steps=10, epoch=1, num_epochs=2)


@pytest.fixture(params=list(METHODS))
def method(request: pytest.FixtureRequest) -> Method:
    method = as_method(METHODS.build({"name": request.param, "encoder": ENCODER, **SMALL.get(request.param, {})}))
    split: Any = Split()
    clouds = UnlabelledClouds(split)
    method.before_epoch(CleanClouds(method, clouds, torch.device("cpu"), 7), Progress(0, 10, 0, 2))
    return method


def draw(method: Method, size: int = 6, num_points: int = 48) -> dict[str, Batch]:
    """The method's views of random clouds, made as the pipeline makes them."""
    clouds = batch_clouds(torch.randn(size, num_points, 3))
    clouds.cloud_id = torch.arange(size)
    shared = None if all(steps is not None for steps in method.views.values()) else SHARED_VIEWS
    views = compose_views(method.views, shared, up_axis=2)
    return {name: transform(clouds) for name, transform in views.items()}


@pytest.mark.parametrize("name", list(METHODS))
def test_satisfies_the_interface(name: str) -> None:
    check_method({"name": name, **SMALL.get(name, {})})


def test_the_gradient_reaches_the_whole_encoder(method: Method) -> None:
    torch.stack(list(method(draw(method)).losses.values())).sum().backward()
    for name, parameter in method.encoder.named_parameters():
        if not parameter.requires_grad:  # which the suite allows where the class says so
            continue
        assert parameter.grad is not None and parameter.grad.any(), name


def test_no_task_is_involved(method: Method) -> None:
    assert not isinstance(method, Task)


# The interface itself


class Minimal(Method):
    """The least that is a method."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(3, 4)

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        return MethodOutput({"size": self.encoder(views["a"].pos).square().mean()})


def test_a_method_needs_only_forward() -> None:
    method = Minimal()
    assert list(method.views) == ["a", "b"] and method.min_batch_size() == 2
    assert method.loss_names() == method.warnings({"loss": 1.0}) == [] and clusters_of(method) is None
    assert not method(draw(method)).metrics
    method.before_step(MIDDLE)
    method.after_step(MIDDLE)
    with pytest.raises(NotImplementedError, match="Method needs a method forward"):
        Method()(draw(method))


def test_progress_is_the_finished_share_of_the_steps() -> None:
    assert (MIDDLE.fraction, Progress(10, 10, 2, 2).fraction, Progress(0, 0, 0, 0).fraction) == (0.5, 1.0, 0.0)


def test_a_plain_module_is_called_with_two_views() -> None:
    class Bare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Linear(3, 4)

        def forward(self, view_a: Batch, view_b: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
            return {"gap": (self.encoder(view_a.pos).mean() - self.encoder(view_b.pos).mean()).abs()}, {}

    bare = Bare()
    method = as_method(bare)
    assert isinstance(method, TwoViewMethod) and as_method(method) is method
    views = draw(method)
    assert torch.equal(method(views).losses["gap"], bare(views["a"], views["b"])[0]["gap"])
    assert clusters_of(bare) is None
    assert (method.loss_names(), method.min_batch_size(), method.warnings({})) == ([], 2, [])


def test_the_adapter_of_a_module_uses_the_methods_that_the_module_has() -> None:
    class Described(nn.Module):
        def loss_names(self) -> list[str]:
            return ["gap"]

        def min_batch_size(self) -> int:
            return 7

        def warnings(self, metrics: Mapping[str, float]) -> list[str]:
            return [f"gap {metrics['gap']}"]

    method = as_method(Described())
    assert (method.loss_names(), method.min_batch_size(), method.warnings({"gap": 1.5})) == (["gap"], 7, ["gap 1.5"])


def test_clusters_are_a_capability_of_any_module() -> None:
    class Clustered(nn.Module):
        num_clusters = 3

        def assign(self, clouds: Batch) -> Tensor:
            return torch.zeros(clouds.num_graphs, 3).log_softmax(dim=1)

    assert isinstance(Clustered(), Clusters) and clusters_of(Clustered()) is not None


class Split:
    """Just enough of a split: clouds whose coordinates are their position in it."""

    def other_frames(self) -> None:
        return None

    def __init__(self) -> None:
        self.names = [f"cloud {i}" for i in range(7)]

    def __len__(self) -> int:
        return 7

    def __getitems__(self, indices: Any) -> Batch:
        rows = torch.as_tensor(indices)
        return batch_clouds(rows[:, None, None].expand(-1, 4, 3).float(), y=rows, part=rows[:, None].expand(-1, 4))


@pytest.mark.parametrize("batch_size", [2, 7])
def test_a_method_maps_the_training_clouds_between_epochs(batch_size: int) -> None:
    method = Minimal().train()
    split: Any = Split()
    clouds = UnlabelledClouds(split)
    data = CleanClouds(method, clouds, torch.device("cpu"), batch_size)

    def function(clouds: Batch) -> Tensor:
        assert not method.training and not torch.is_grad_enabled() and "y" not in clouds
        return torch.stack([clouds.cloud_id, clouds.pos[clouds.ptr[:-1], 0].long()], dim=1)

    assert data.num_clouds == 7
    assert data.map(function).tolist() == [[i, i] for i in range(7)]
    assert method.training
