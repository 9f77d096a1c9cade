"""Momentum copies: modules that follow another one as an exponential moving average."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import Probability


class MomentumCopy(nn.Module):
    r"""A copy of a module that follows it, as the target network of `BYOL <https://arxiv.org/abs/2006.07733>`_.

    .. math::
        \xi \leftarrow \tau \xi + (1 - \tau) \theta, \qquad
        \tau = 1 - (1 - \tau_{base}) \, \frac{\cos(\pi \, \mathrm{fraction}) + 1}{2}

    The parameters :math:`\xi` never require a gradient. Buffers, such as the running statistics of batch norms, are
    copied. The copy has the mode of its owner: in training its batch norms normalise by the batch, as BYOL's do.

    Args:
        source: the module to copy.
        momentum: :math:`\tau_{base}` in [0, 1], the momentum at the start of the training; it rises to 1 at its end by
            a cosine (default: 0.996).

    Attributes:
        module: the copy. Call it under ``torch.no_grad()``, so that no graph is built for it.

    Raises:
        ArgumentError: ``momentum`` is outside [0, 1].
    """

    @validated
    def __init__(self, source: nn.Module, momentum: Probability = 0.996) -> None:
        super().__init__()
        self.module = copy.deepcopy(source).requires_grad_(False)
        self.momentum = momentum

    @torch.no_grad()
    def update(self, source: nn.Module, fraction: float) -> None:
        """Move the copy towards ``source``.

        Args:
            source: the module that was copied.
            fraction: the finished share of the training, from 0 to 1.
        """
        momentum = 1 - (1 - self.momentum) * (math.cos(math.pi * fraction) + 1) / 2
        for average, parameter in zip(self.module.parameters(), source.parameters(), strict=True):
            average.lerp_(parameter, 1 - momentum)
        for target, buffer in zip(self.module.buffers(), source.buffers(), strict=True):
            target.copy_(buffer)

    def extra_repr(self) -> str:
        return f"momentum={self.momentum}"
