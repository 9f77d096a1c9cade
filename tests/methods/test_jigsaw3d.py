"""Jigsaw3D: the classification of points by their voxel, against loops."""

import math
from typing import Any

import pytest
import torch
from helpers import raises
from torch_geometric.data import Batch, Data

from conclu_pyg import METHODS
from conclu_pyg.encoders.base import layer_features
from conclu_pyg.errors import ConfigError
from conclu_pyg.pipelines.views import compose_views

ENCODER = {"name": "PointNet", "out_channels": 16, "input_transform": False, "feature_transform": False}


def make(**options: Any) -> Any:
    return METHODS.build({"name": "Jigsaw3D", "encoder": ENCODER, "num_points": 24, **options})


def shuffled(method: Any) -> Batch:
    clouds = Batch.from_data_list([Data(pos=torch.randn(n, 3, dtype=torch.double)) for n in (30, 24, 9)])
    return compose_views(method.views, None, up_axis=2)["shuffled"](clouds)


def test_the_loss_and_the_accuracy_are_those_of_each_point() -> None:
    method = make(k=2).double()
    view = shuffled(method)
    logits = method.head(*layer_features(method.encoder, view), view.batch).tolist()
    total, right = 0.0, 0
    for row, voxel in zip(logits, view.voxel.tolist(), strict=True):
        total += math.log(sum(math.exp(value) for value in row)) - row[voxel]
        right += row.index(max(row)) == voxel
    output = method(dict.fromkeys(["shuffled"], view))
    assert len(logits) == 72 and len(logits[0]) == 8
    assert output.losses["voxel"].item() == pytest.approx(total / 72, rel=1e-9)
    assert output.metrics["accuracy"].item() == pytest.approx(right / 72)


def test_the_prediction_knows_the_point_and_its_cloud() -> None:
    method = make().double().eval()
    view = shuffled(method)
    base = method.head(*layer_features(method.encoder, view), view.batch)
    layers, pooled = layer_features(method.encoder, view)
    pooled[1] += 1.0
    changed = (method.head(layers, pooled, view.batch) - base).abs().amax(dim=1) > 1e-9
    assert torch.equal(changed, view.batch == 1)


def test_a_voxel_grid_outside_its_range_is_refused() -> None:
    with raises(ConfigError, argument="k", got=1):
        make(k=1)
