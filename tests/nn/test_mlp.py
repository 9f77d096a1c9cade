"""Linear layers with batch norm and activation."""

import numpy as np
import torch
from torch import nn

from conclu_pyg.nn import mlp


def test_each_step_is_linear_norm_and_activation() -> None:
    layers = mlp([3, 5, 4]).double()
    x = torch.randn(8, 3, dtype=torch.double)
    expected = x.numpy()
    for i in (0, 3):
        expected = expected @ layers.state_dict()[f"{i}.weight"].numpy().T
        expected = (expected - expected.mean(axis=0)) / np.sqrt(expected.var(axis=0) + 1e-5)
        expected = np.maximum(expected, 0)
    assert np.allclose(layers(x).detach().numpy(), expected, rtol=1e-10)
    assert [type(layer) for layer in layers] == 2 * [nn.Linear, nn.BatchNorm1d, nn.ReLU]


def test_the_last_activation_can_be_left_out() -> None:
    with_it, without = mlp([3, 5, 4]), mlp([3, 5, 4], last_act=False)
    without.load_state_dict(with_it.state_dict())
    x = torch.randn(8, 3)
    assert (without(x) < 0).any() and torch.equal(with_it(x), without(x).relu())


def test_the_activation_can_be_chosen() -> None:
    layers = mlp([3, 5, 4], lambda: nn.LeakyReLU(0.2))
    assert [layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)] == [0.2, 0.2]


def test_linear_layers_have_no_bias_that_the_norm_would_remove() -> None:
    assert [layer.bias for layer in mlp([3, 5, 4]) if isinstance(layer, nn.Linear)] == [None, None]
