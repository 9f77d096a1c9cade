"""The head of point classification, against its layers by hand."""

import torch
from helpers import raises
from torch import nn
from torch.nn.functional import batch_norm, leaky_relu

from conclu_pyg import HEADS
from conclu_pyg.errors import ConfigError

SIZES = {"layer_channels": [3, 4], "in_channels": 5, "num_classes": 7}


def test_equals_its_layers_by_hand() -> None:
    head = HEADS.build({"name": "PointClassificationHead", "hidden_channels": [6, 8]}, SIZES).double()
    layers = [torch.randn(9, 3, dtype=torch.double), torch.randn(9, 4, dtype=torch.double)]
    pooled, batch = torch.randn(2, 5, dtype=torch.double), torch.tensor([0] * 4 + [1] * 5)
    joined = torch.cat([*layers, pooled[batch]], dim=1)
    weight = torch.cat([head.first.points.weight, head.first.clouds.weight], dim=1)
    linears = [weight, *(part.weight for part in head.layers.modules() if isinstance(part, nn.Linear))]
    x = joined
    for matrix in linears[:2]:
        x = leaky_relu(batch_norm(x @ matrix.T, None, None, training=True), 0.2)
    assert torch.allclose(head(layers, pooled, batch), x @ linears[2].T + head.layers[-1].bias)


def test_sizes_below_one_are_refused() -> None:
    with raises(ConfigError, argument="num_classes", got=0):
        HEADS.build({"name": "PointClassificationHead"}, {**SIZES, "num_classes": 0})
    with raises(ConfigError, argument="hidden_channels", got=[]):
        HEADS.build({"name": "PointClassificationHead", "hidden_channels": []}, SIZES)
