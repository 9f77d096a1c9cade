"""Multi-layer perceptron on points or clouds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import linear

from conclu_pyg.nn.frozen import apply_in_place, folded, is_frozen

LAYER = 3  # modules per layer: linear, norm, activation


def mlp(channels: Sequence[int], act: Callable[[], nn.Module] = nn.ReLU, *, last_act: bool = True) -> nn.Sequential:
    """Return linear layers, each followed by batch norm and activation. They have no bias: the norm would cancel it.

    Args:
        channels: numbers of features from the input to the output, such as ``[3, 64, 64]``.
        act: creates an activation (default: ReLU).
        last_act: if False, the last layer has no activation (default: True).

    Shapes:
        - **input:** ``[M, channels[0]]``, **output:** ``[M, channels[-1]]``
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(channels):
        layers += [nn.Linear(fan_in, fan_out, bias=False), nn.BatchNorm1d(fan_out), act()]
    return nn.Sequential(*(layers if last_act else layers[:-1]))


def layer_outputs(layers: nn.Sequential, x: Tensor) -> list[Tensor]:
    """Return the output of each layer of an :func:`mlp`, after its norm and activation. Frozen layers are computed by
    folded weights (:mod:`conclu_pyg.nn.frozen`).

    Shapes:
        - **x:** ``[M, channels[0]]``, **output:** ``[M, c]`` for each further c of ``channels``
    """
    outputs, modules = [], list(layers)
    for start in range(0, len(modules), LAYER):
        first, norm, *act = modules[start : start + LAYER]
        if is_frozen(first, norm):
            x = linear(x, *folded(first, norm))
            for module in act:
                x = apply_in_place(module, x)
        else:
            for module in (first, norm, *act):
                x = module(x)
        outputs.append(x)
    return outputs


def dense_outputs(layers: nn.Sequential, x: Tensor) -> list[Tensor]:
    """Return :func:`layer_outputs` for the points of clouds of equal size.

    Shapes:
        - **x:** ``[B, N, channels[0]]``, **output:** ``[B, N, c]`` for each further c of ``channels``
    """
    return [out.unflatten(0, x.shape[:2]) for out in layer_outputs(layers, x.flatten(0, 1))]
