"""Rotation3D: the classification of rotations, against loops."""

import math
from typing import Any

import pytest
import torch
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.pipelines.views import compose_views

ENCODER = {"name": "PointNet", "out_channels": 16, "input_transform": False, "feature_transform": False}


def make(**options: Any) -> Any:
    head = {"name": "ClassificationHead", "dropout": 0.0}
    return METHODS.build({"name": "Rotation3D", "encoder": ENCODER, "head": head, "num_points": 24, **options})


def rotated(method: Any, size: int = 20, up_axis: int = 2) -> Batch:
    clouds = batch_clouds(torch.randn(size, 24, 3, dtype=torch.double))
    return compose_views(method.views, None, up_axis=up_axis)["rotated"](clouds)


def test_the_loss_and_the_accuracy_are_those_of_each_cloud() -> None:
    method = make().double()
    view = rotated(method)
    logits = method.head(pooled_features(method.encoder, view)).tolist()
    total, right = 0.0, 0
    for row, label in zip(logits, view.rotation.tolist(), strict=True):
        total += math.log(sum(math.exp(value) for value in row)) - row[label]
        right += row.index(max(row)) == label
    output = method({"rotated": view})
    assert output.losses["rotation"].item() == pytest.approx(total / 20, rel=1e-9)
    assert output.metrics["accuracy"].item() == pytest.approx(right / 20)


@pytest.mark.parametrize(
    ("options", "classes"), [({}, 18), ({"directions": 32}, 32), ({"directions": 6, "angles": 8}, 22)]
)
def test_the_head_has_a_class_for_each_rotation_of_the_set(options: dict[str, Any], classes: int) -> None:
    method = make(**options)
    labels = rotated(method, size=3 * classes).rotation
    assert method.head(torch.randn(4, 16)).shape == (4, classes)
    assert labels.bincount().tolist() == [3] * classes


@pytest.mark.parametrize("up_axis", [0, 1, 2])
def test_the_up_axis_of_the_data_set_is_turned(up_axis: int) -> None:
    method = make(directions=6)
    pole = torch.zeros(12, 1, 3)
    pole[:, :, up_axis] = 1.0
    turned = compose_views(method.views, None, up_axis=up_axis)["rotated"](batch_clouds(pole)).pos
    tops = turned.view(12, 24, 3)[:, 0].round().long()
    assert len({tuple(row) for row in tops.tolist()}) == 6
