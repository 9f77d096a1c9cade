"""Properties of every self-supervised method: a registered method is tested by being registered."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
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

ENCODER = {"name": "PointNet", "out_channels": 32, "input_transform": False, "feature_transform": False}
SHARED_VIEWS = [{"name": "RandomHalfSpaceCrop"}, {"name": "FixedPoints", "num_points": 32}]
MIDDLE = Progress(step=5, num_steps=10, epoch=1, num_epochs=2)


@pytest.fixture(params=list(METHODS))
def method(request: pytest.FixtureRequest) -> Method:
    return as_method(METHODS.build({"name": request.param, "encoder": ENCODER}))


def draw(method: Method, size: int = 6, num_points: int = 48) -> dict[str, Batch]:
    """The method's views of random clouds, made as the pipeline makes them."""
    clouds = batch_clouds(torch.randn(size, num_points, 3))
    shared = None if all(steps is not None for steps in method.views.values()) else SHARED_VIEWS
    views = compose_views(method.views, shared, up_axis=2)
    return {name: transform(clouds) for name, transform in views.items()}


def trainable(method: Method) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in method.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_gives_losses_that_train_and_metrics_to_log(method: Method, autocast: bool) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        losses, metrics = method(draw(method))
    assert losses and not losses.keys() & metrics.keys()
    assert all(loss.shape == () and loss.isfinite() and loss.requires_grad for loss in losses.values())
    assert all(x.shape == () and x.isfinite() and not x.requires_grad for x in metrics.values())
    sum(losses.values()).backward()
    for name, parameter in method.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name
            assert parameter.grad.any() or not name.startswith("encoder."), name
        else:
            assert parameter.grad is None, name


def test_the_encoder_is_a_submodule_of_that_name_that_trains(method: Method) -> None:
    assert any(name.startswith("encoder.") for name in trainable(method))
    assert method.get_submodule("encoder") is method.encoder


def test_the_same_weights_and_views_give_the_same_losses_and_a_copy_of_the_weights_too(method: Method) -> None:
    views, state = draw(method), {name: value.clone() for name, value in method.state_dict().items()}
    first = method(views).losses
    method.load_state_dict(state)
    again = method(views).losses
    assert all(torch.equal(loss, again[name]) for name, loss in first.items())
    with torch.no_grad():
        for value in method.state_dict().values():
            value.zero_()
    method.load_state_dict(state)
    assert all(torch.equal(value, state[name]) for name, value in method.state_dict().items())
    restored = method(views).losses
    assert all(torch.equal(loss, restored[name]) for name, loss in first.items())


def test_steps_with_all_hooks_lower_the_loss_on_the_same_views(method: Method) -> None:
    views = draw(method)
    optimizer = torch.optim.AdamW(method.parameter_groups(), lr=1e-3)
    totals = []
    for step in range(20):
        progress = Progress(step, 20, 0, 1)
        total = torch.stack(list(method(views).losses.values())).sum()
        optimizer.zero_grad()
        total.backward()
        method.before_step(progress)
        optimizer.step()
        method.after_step(progress._replace(step=step + 1))
        totals.append(total.item())
    assert totals[-1] < 0.9 * totals[0]


def test_the_parameters_to_optimise_are_those_that_require_a_gradient_each_once(method: Method) -> None:
    listed = [id(parameter) for group in method.parameter_groups() for parameter in group["params"]]
    assert sorted(listed) == sorted(map(id, trainable(method).values()))


def test_names_its_losses_or_none(method: Method) -> None:
    assert method.loss_names() in ([], list(method(draw(method)).losses))


def test_needs_two_clouds_in_a_batch_at_least(method: Method) -> None:
    assert method.min_batch_size() >= 2


def test_assigns_clouds_to_the_clusters_that_it_has(method: Method) -> None:
    clusters = clusters_of(method)
    assert (clusters is None) == (not getattr(method, "num_clusters", 0))
    if clusters is not None:
        gamma = clusters.assign(batch_clouds(torch.randn(6, 32, 3))).exp()
        assert gamma.shape == (6, clusters.num_clusters) and torch.allclose(gamma.sum(dim=1), torch.ones(6))


def test_warns_about_nothing_that_was_not_measured(method: Method) -> None:
    assert method.warnings({}) == []


def test_learns_no_task(method: Method) -> None:
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


def test_a_module_that_is_no_method_is_called_with_two_views() -> None:
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


def test_clusters_are_a_capability_of_any_module() -> None:
    class Clustered(nn.Module):
        num_clusters = 3

        def assign(self, clouds: Batch) -> Tensor:
            return torch.zeros(clouds.num_graphs, 3).log_softmax(dim=1)

    assert isinstance(Clustered(), Clusters) and clusters_of(Clustered()) is not None


class Split:
    """Just enough of a split: clouds whose coordinates are their position in it."""

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
    clouds: Any = UnlabelledClouds(Split())  # type: ignore[arg-type]
    data = CleanClouds(method, clouds, torch.device("cpu"), batch_size)

    def function(clouds: Batch) -> Tensor:
        assert not method.training and not torch.is_grad_enabled() and "y" not in clouds
        return torch.stack([clouds.cloud_id, clouds.pos[clouds.ptr[:-1], 0].long()], dim=1)

    assert data.num_clouds == 7
    assert data.map(function).tolist() == [[i, i] for i in range(7)]
    assert method.training
