"""What holds for every method of pre-training: what is registered is tested by being registered."""

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from conclu_pyg import METHODS
from conclu_pyg.methods.base import batch_need, epoch_warnings, loss_terms, num_clusters
from conclu_pyg.tasks.base import Task

ENCODER = {"name": "PointNet", "out_channels": 32, "input_transform": False, "feature_transform": False}


PRETRAINING = list(METHODS)


@pytest.fixture(params=PRETRAINING)
def method(request: pytest.FixtureRequest) -> nn.Module:
    return METHODS.build({"name": request.param, "encoder": ENCODER})


def draw(size: int = 6, num_points: int = 32) -> Batch:
    return Batch.from_data_list([Data(pos=torch.randn(num_points, 3)) for _ in range(size)])


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_gives_losses_that_train_and_statistics_to_log(method: nn.Module, autocast: bool) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        losses, statistics = method(draw(), draw())
    assert losses and not losses.keys() & statistics.keys()
    assert all(loss.shape == () and loss.isfinite() and loss.requires_grad for loss in losses.values())
    assert all(x.shape == () and x.isfinite() and not x.requires_grad for x in statistics.values())
    sum(losses.values()).backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        assert parameter.grad.any() or not name.startswith("encoder."), name


def test_the_same_weights_and_views_give_the_same_losses(method: nn.Module) -> None:
    views, state = (draw(), draw()), {name: value.clone() for name, value in method.state_dict().items()}
    first = method(*views).losses
    method.load_state_dict(state)
    again = method(*views).losses
    assert all(torch.equal(loss, again[name]) for name, loss in first.items())


def test_says_the_names_of_its_losses_or_nothing(method: nn.Module) -> None:
    assert loss_terms(method) in ([], list(method(draw(), draw()).losses))


def test_assigns_clouds_to_the_clusters_that_it_says_it_has(method: nn.Module) -> None:
    if clusters := num_clusters(method):
        gamma = method.assign(draw()).exp()  # type: ignore[operator]
        assert gamma.shape == (6, clusters) and torch.allclose(gamma.sum(dim=1), torch.ones(6))


def test_warns_of_nothing_where_nothing_was_measured(method: nn.Module) -> None:
    assert epoch_warnings(method, {}) == []


def test_a_module_that_says_nothing_is_asked_for_nothing() -> None:
    silent = nn.Module()
    silent.warnings = silent.terms = nn.Identity()  # layers that are called so are not meant
    assert epoch_warnings(silent, {"loss": 1.0}) == loss_terms(silent) == []
    assert batch_need(silent) is None and num_clusters(silent) == 0


def test_a_method_is_no_supervised_task(method: nn.Module) -> None:
    assert not isinstance(method, Task)
