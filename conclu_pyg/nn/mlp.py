"""A multi-layer perceptron over points or clouds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import nn


def mlp(channels: Sequence[int], act: Callable[[], nn.Module] = nn.ReLU, *, last_act: bool = True) -> nn.Sequential:
    """Linear, batch norm and activation for each step of ``channels``; no bias, which the norm would remove.

    Args:
        channels: sizes from the input to the output, such as ``[3, 64, 64]``.
        act: makes an activation (default: ReLU).
        last_act: whether the last step has its activation too (default: true).

    Shapes:
        - **input:** ``[M, channels[0]]``, **output:** ``[M, channels[-1]]``
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(channels):
        layers += [nn.Linear(fan_in, fan_out, bias=False), nn.BatchNorm1d(fan_out), act()]
    return nn.Sequential(*(layers if last_act else layers[:-1]))
