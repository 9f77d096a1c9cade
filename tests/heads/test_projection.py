"""The projector g and the predictor q of section 3.2."""

import numpy as np
import pytest
import torch
from helpers import assert_error
from torch import nn

from conclu_pyg import HEADS
from conclu_pyg.errors import ConfigError
from conclu_pyg.heads.projection import PredictionHead, ProjectionHead


def randomise(head: nn.Module) -> None:
    """Sets scales and shifts of the norms to other values than the initial ones."""
    for layer in head.modules():
        if isinstance(layer, nn.BatchNorm1d):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)


def norm_by_hand(x: np.ndarray, norm: nn.BatchNorm1d) -> np.ndarray:
    x = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    return x * norm.weight.detach().numpy() + norm.bias.detach().numpy()


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.01 * x)


def parts(head: nn.Module, kind: type[nn.Module]) -> list:
    return [layer for layer in head.modules() if isinstance(layer, kind)]


def test_the_projector_is_three_layers_each_with_its_norm_and_the_last_without_activation() -> None:
    head = ProjectionHead(6, 5, 4).double()
    randomise(head)
    linears, norms = parts(head, nn.Linear), parts(head, nn.BatchNorm1d)
    assert len(linears) == len(norms) == 3
    x = torch.randn(7, 6, dtype=torch.double)
    expected = x.numpy()
    for i, (linear, norm) in enumerate(zip(linears, norms, strict=True)):
        assert linear.bias is None
        expected = norm_by_hand(expected @ linear.weight.detach().numpy().T, norm)
        if i < 2:
            expected = leaky(expected)
    assert np.allclose(head(x).detach().numpy(), expected, rtol=1e-10)


def test_the_predictor_is_a_layer_with_norm_and_activation_and_a_plain_layer() -> None:
    head = PredictionHead(4, 6).double()
    randomise(head)
    (first, last), (norm,) = parts(head, nn.Linear), parts(head, nn.BatchNorm1d)
    z = torch.randn(7, 4, dtype=torch.double)
    hidden = leaky(norm_by_hand(z.numpy() @ first.weight.detach().numpy().T, norm))
    expected = hidden @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    assert np.allclose(head(z).detach().numpy(), expected, rtol=1e-10)


def test_the_default_widths_are_the_papers() -> None:
    projector, predictor = (HEADS.build({"name": name}) for name in ("ProjectionHead", "PredictionHead"))
    assert [tuple(x.weight.shape) for x in parts(projector, nn.Linear)] == [(1024, 1024), (1024, 1024), (256, 1024)]
    assert [tuple(x.weight.shape) for x in parts(predictor, nn.Linear)] == [(512, 256), (256, 512)]
    assert projector.out_channels == 256


@pytest.mark.parametrize("head", [ProjectionHead(6, 5, 4), PredictionHead(6, 5)])
def test_gradients_are_those_of_the_function_and_the_input_stays_as_it_was(head: nn.Module) -> None:
    x = torch.randn(5, 6, dtype=torch.double, requires_grad=True)
    before = x.detach().clone()
    assert torch.autograd.gradcheck(head.double(), x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("head", [ProjectionHead(6, 5, 4), PredictionHead(6, 5)])
def test_in_evaluation_clouds_do_not_depend_on_each_other(head: nn.Module) -> None:
    x = torch.randn(9, 6)
    head(x)
    head.eval()
    assert torch.allclose(head(x)[3:4], head(x[3:4]), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *(("ProjectionHead", key) for key in ("in_channels", "hidden_channels", "out_channels")),
        *(("PredictionHead", key) for key in ("channels", "hidden_channels")),
    ],
)
@pytest.mark.parametrize("size", [0, -1])
def test_a_size_below_1_is_refused(name: str, key: str, size: int) -> None:
    with pytest.raises(ConfigError) as error:
        HEADS.build({"name": name, key: size})
    assert_error(error, argument=key, got=size, expected=">= 1")
