"""What holds for every method: what is registered is tested by being registered."""

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from conclu_pyg import METHODS

ENCODER = {"name": "PointNet", "out_channels": 32, "input_transform": False, "feature_transform": False}


@pytest.fixture(params=list(METHODS))
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
