"""Classification heads: their layers and errors."""

from typing import Any

import pytest
import torch
from helpers import assert_error, raises
from torch import nn
from torch.nn.functional import batch_norm, leaky_relu

from conclu_pyg import HEADS
from conclu_pyg.errors import ConfigError
from conclu_pyg.heads.classification import ClassificationHead, LinearHead


def kinds(head: nn.Module) -> list[type[nn.Module]]:
    return [type(layer) for layer in head.modules() if not list(layer.children())]


def test_is_two_layers_with_norm_activation_and_dropout_and_a_linear_one() -> None:
    head = ClassificationHead(1024, 40)
    hidden = [nn.Linear, nn.BatchNorm1d, nn.LeakyReLU, nn.Dropout]
    assert kinds(head) == [*hidden, *hidden, nn.Linear]
    shapes = [list(layer.weight.shape) for layer in head.modules() if isinstance(layer, nn.Linear)]
    assert shapes == [[512, 1024], [256, 512], [40, 256]]
    assert [layer.p for layer in head.modules() if isinstance(layer, nn.Dropout)] == [0.5, 0.5]


def test_equals_its_layers_by_hand() -> None:
    head = ClassificationHead(6, 3, [5], dropout=0.0).double()
    (first, norm, *_), last = head.layers[0], head.layers[1]
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x = torch.randn(7, 6, dtype=torch.double)
    hidden = batch_norm(x @ first.weight.T, None, None, norm.weight, norm.bias, training=True)
    assert torch.allclose(head(x), leaky_relu(hidden, 0.2) @ last.weight.T + last.bias)


def test_dropout_is_for_training_alone() -> None:
    head, x = ClassificationHead(6, 3), torch.randn(8, 6)
    assert not torch.equal(head(x), head(x))
    head.eval()
    assert torch.equal(head(x), head(x))


def test_the_linear_head_is_a_linear_layer() -> None:
    head = HEADS.build({"name": "LinearHead"}, {"in_channels": 6, "num_classes": 3})
    weight, bias = head.parameters()
    x = torch.randn(4, 6)
    assert isinstance(head, LinearHead) and torch.allclose(head(x), x @ weight.T + bias)


@pytest.mark.parametrize(
    ("argument", "value", "got"),
    [
        ("in_channels", 0, 0),
        ("num_classes", 0, 0),
        ("hidden_channels", [8, 0], 0),
        ("dropout", 1.0, 1.0),
        ("dropout", -0.1, -0.1),
        ("dropout", float("nan"), float("nan")),
    ],
)
def test_sizes_and_dropout_out_of_bounds_are_refused(argument: str, value: Any, got: float) -> None:
    arguments = {"in_channels": 4, "num_classes": 2, argument: value}
    with pytest.raises(ConfigError) as error:
        ClassificationHead(**arguments)
    assert_error(error, argument=argument, got=got)
    if argument in ("in_channels", "num_classes"):
        with raises(ConfigError, argument=argument, got=0):
            LinearHead(**arguments)
