"""SimSiam and BYOL: their losses, and where the gradients stop."""

import math
from typing import Any

import pytest
import torch
from helpers import raises
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError
from conclu_pyg.methods.base import Method, Progress

ENCODER = {"name": "PointNet", "out_channels": 8, "input_transform": False, "feature_transform": False}
HEADS = {
    "projector": {"name": "ProjectionHead", "hidden_channels": 8, "out_channels": 6},
    "predictor": {"name": "PredictionHead", "hidden_channels": 8},
}
BOTH = pytest.mark.parametrize("name", ["SimSiam", "BYOL"])


def make(name: str, **options: Any) -> Method:
    method: Method = METHODS.build({"name": name, "encoder": ENCODER, **HEADS, **options}).double()
    return method


def draw(size: int = 5) -> dict[str, Batch]:
    return {name: batch_clouds(torch.randn(size, 12, 3, dtype=torch.double)) for name in "ab"}


def project(method: Any, view: Batch, encoder: str = "encoder", projector: str = "projector") -> Tensor:
    pooled = method.get_submodule(encoder)(view.pos, view.batch, view.num_graphs)[1]
    return method.get_submodule(projector)(pooled)  # type: ignore[no-any-return]


def distance_by_hand(q: Tensor, z: Tensor) -> float:
    total = 0.0
    for a, b in zip(q.tolist(), z.tolist(), strict=True):
        cosine = sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))
        total += 2 - 2 * cosine
    return total / len(q)


def test_simsiam_predicts_the_projection_of_the_other_view() -> None:
    method, views = make("SimSiam"), draw()
    z_a, z_b = (project(method, views[name]) for name in "ab")
    expected = distance_by_hand(method.predictor(z_a), z_b) + distance_by_hand(method.predictor(z_b), z_a)  # type: ignore[operator]
    assert method(views).losses["contrast"].item() == pytest.approx(expected)


def test_byol_predicts_the_projection_of_the_other_view_by_the_momentum_copies() -> None:
    method, views = make("BYOL"), draw()
    with torch.no_grad():  # so that the target is another network than the online one
        for parameter in [*method.encoder.parameters(), *method.projector.parameters()]:  # type: ignore[union-attr, operator]
            parameter.add_(0.1 * torch.randn_like(parameter))
    z_a, z_b = (project(method, views[name]) for name in "ab")
    t_a, t_b = (project(method, views[name], "target_encoder.module", "target_projector.module") for name in "ab")
    assert not torch.allclose(t_a, z_a)
    expected = distance_by_hand(method.predictor(z_a), t_b) + distance_by_hand(method.predictor(z_b), t_a)  # type: ignore[operator]
    assert method(views).losses["contrast"].item() == pytest.approx(expected)


@BOTH
def test_no_gradient_flows_through_the_targets(name: str) -> None:
    method, views = make(name), draw()
    loss, parameter, step = method(views).losses["contrast"], method.projector.layers[-2].weight, 1e-6  # type: ignore[union-attr, index]
    loss.backward()
    frozen = [project(method, views[n]).detach() for n in "ab"]
    value = parameter.detach().view(-1)  # shares the parameter's memory

    def by_hand() -> float:
        q = [method.predictor(project(method, views[n])) for n in "ab"]  # type: ignore[operator]
        return distance_by_hand(q[0], frozen[1]) + distance_by_hand(q[1], frozen[0])

    for i in range(0, len(value), 7):
        value[i] += step
        above = by_hand()
        value[i] -= 2 * step
        below = by_hand()
        value[i] += step
        assert parameter.grad.view(-1)[i].item() == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-7)


def test_the_momentum_of_byol_rises_to_1_with_the_progress() -> None:
    method: Any = make("BYOL", momentum=0.5)
    online = method.encoder.last.linear.weight, method.projector.layers[-2].weight
    target = method.target_encoder.module.last.linear.weight, method.target_projector.module.layers[-2].weight
    before = [weight.clone() for weight in target]
    with torch.no_grad():
        for weight in online:
            weight.add_(1.0)
    method.after_step(Progress(10, 10, 1, 1))
    assert all(map(torch.equal, target, before))
    method.after_step(Progress(0, 10, 0, 1))
    assert all(torch.allclose(weight, old + 0.5) for weight, old in zip(target, before, strict=True))


def test_a_momentum_outside_its_range_is_refused() -> None:
    with raises(ConfigError, argument="momentum", got=1.5):
        make("BYOL", momentum=1.5)


@BOTH
def test_a_collapse_is_warned_about(name: str) -> None:
    (sentence,) = make(name).warnings({"projection_std": 0.01})
    assert sentence.startswith("collapse: ") and "model." not in sentence
