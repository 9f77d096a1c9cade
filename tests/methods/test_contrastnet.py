"""ContrastNet: pairs of halves, against a loop over pairs."""

import math
from typing import Any

import pytest
import torch
from helpers import raises
from torch import Tensor
from torch_geometric.data import Batch, Data

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError
from conclu_pyg.methods import contrastnet
from conclu_pyg.pipelines.views import compose_views

ENCODER = {"name": "PointNet", "out_channels": 8, "input_transform": False, "feature_transform": False}
HEAD = {"name": "ClassificationHead", "hidden_channels": [6], "dropout": 0.0}


def make(**options: Any) -> Any:
    return METHODS.build({"name": "ContrastNet", "encoder": ENCODER, "head": HEAD, "num_points": 12, **options})


def halved(method: Any, size: int = 5) -> Batch:
    clouds = batch_clouds(torch.randn(size, 20, 3, dtype=torch.double))
    return compose_views(method.views, None, up_axis=2)["halves"](clouds)


@pytest.mark.parametrize("shift", [1, 4])
def test_the_loss_is_that_of_pairs_of_one_object_and_of_two(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    method = make(label_smoothing=0.1).double().eval()
    view = halved(method)
    monkeypatch.setattr(contrastnet.torch, "randint", lambda *_: torch.tensor(shift))
    points = view.pos.view(5, 12, 3)
    features = []
    for half in (points[:, :6], points[:, 6:]):
        features.append([method.encoder(cloud, torch.zeros(6, dtype=torch.long), 1)[1] for cloud in half])
    total, right = 0.0, 0
    for i in range(5):
        for j, same in ((i, 1), ((i + shift) % 5, 0)):
            row = method.head(torch.cat([features[0][i], features[1][j]], dim=1))[0].tolist()
            log_sum = math.log(sum(math.exp(value) for value in row))
            smoothed = [0.95 if k == same else 0.05 for k in range(2)]
            total += sum(weight * (log_sum - value) for weight, value in zip(smoothed, row, strict=True))
            right += row.index(max(row)) == same
    output = method({"halves": view})
    assert output.losses["pair"].item() == pytest.approx(total / 10, rel=1e-9)
    assert output.metrics["accuracy"].item() == pytest.approx(right / 10)


def pairs_of(method: Any, view: Batch) -> list[tuple[int, int]]:
    """The numbers of the two clouds in each pair that a step gives to the head."""
    first, second = method.halves(view)
    rows: list[Tensor] = []
    hook = method.head.register_forward_pre_hook(lambda _, inputs: rows.append(inputs[0]))
    method({"halves": view})
    hook.remove()
    nearest = [
        torch.cdist(*of).argmin(dim=1).tolist() for of in zip(rows[0].chunk(2, dim=1), (first, second), strict=True)
    ]
    return list(zip(*nearest, strict=True))


def test_negative_pairs_are_of_any_two_objects_and_never_of_one() -> None:
    method = make().double().eval()
    view, shifts = halved(method, 4), set()
    for _ in range(20):
        pairs = pairs_of(method, view)
        assert pairs[:4] == [(i, i) for i in range(4)]
        (shift,) = {(j - i) % 4 for i, j in pairs[4:]}
        assert sorted(i for i, _ in pairs[4:]) == [0, 1, 2, 3]
        shifts.add(shift)
    assert shifts == {1, 2, 3}


def test_a_single_cloud_has_no_negative_pair() -> None:
    method = make(label_smoothing=0.0).double().eval()
    view = halved(method, 1)
    logits = method.head(torch.cat(method.halves(view), dim=1))
    output = method({"halves": view})
    assert output.losses["pair"].item() == pytest.approx(-logits.log_softmax(dim=1)[0, 1].item(), rel=1e-9)
    assert output.metrics["accuracy"].item() == float(logits.argmax() == 1)
    assert pairs_of(method, view) == [(0, 0)]


def test_halves_lie_on_two_sides_of_a_plane_and_have_equally_many_points() -> None:
    method = make()
    view = halved(method, 8)
    assert view.half.view(8, 12).tolist() == [[0] * 6 + [1] * 6] * 8
    for cloud in view.pos.view(8, 12, 3):
        labels = torch.cat([-torch.ones(6), torch.ones(6)]).double()
        weights = torch.zeros(4, dtype=torch.double)  # a perceptron finds a plane between them
        inputs = torch.cat([cloud, torch.ones(12, 1)], dim=1).double()
        for _ in range(20_000):
            wrong = ((inputs @ weights) * labels <= 0).nonzero().flatten()
            if not len(wrong):
                break
            weights += labels[wrong[0]] * inputs[wrong[0]]
        assert ((inputs @ weights) * labels > 0).all()


def test_odd_numbers_of_points_are_refused() -> None:
    with raises(ConfigError, argument="num_points", got=11):
        make(num_points=11)
    view = Batch.from_data_list([Data(pos=torch.randn(n, 3)) for n in (4, 6)])
    with pytest.raises(ConfigError, match="same even number"):
        make()({"halves": view})
