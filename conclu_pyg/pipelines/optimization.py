"""Optimisers and learning-rate schedules: the sections ``optimizer`` and ``schedule`` of every pipeline.

.. code-block:: yaml

    pipeline:
      optimizer: {name: AdamW, lr: 0.001, weight_decay: 0.01}
      schedule: {name: cosine, warmup_fraction: 0.05, interval: step}
"""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from annotated_types import MaxLen, MinLen
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    SequentialLR,
    StepLR,
)

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import (
    DropFraction,
    KeepFraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from conclu_pyg.errors import ConfigError
from conclu_pyg.registry import Registry

OPTIMIZERS = Registry("OPTIMIZERS")
SCHEDULES = Registry("SCHEDULES")
Groups = list[dict[str, Any]]


class OptimizerConfig(ABC):
    """Makes an optimiser for parameter groups.

    Args:
        lr: learning rate of the groups without a rate of their own (default: 0.001).
        weight_decay: of the groups without one of their own (default: 0.01).
        decay_norms_and_biases: whether the decay also applies to parameters with fewer than two dimensions, which are
            those of norms and biases (default: true).

    Raises:
        ArgumentError: ``lr`` is not finite and above 0, or ``weight_decay`` is not finite and at least 0.
    """

    @validated
    def __init__(
        self, lr: PositiveFloat = 1e-3, weight_decay: NonNegativeFloat = 0.01, decay_norms_and_biases: bool = True
    ) -> None:
        self.lr, self.weight_decay, self.decay_norms_and_biases = lr, weight_decay, decay_norms_and_biases
        self.fused = True  # off where a gradient scaler has to unscale the gradients before they are clipped

    def build(self, groups: Groups) -> torch.optim.Optimizer:
        """Return the optimiser.

        Args:
            groups: parameter groups as PyTorch's optimisers take them; a group may have an ``lr`` of its own.
        """
        return self.make(groups if self.decay_norms_and_biases else _split_by_decay(groups))

    @abstractmethod
    def make(self, groups: Groups) -> torch.optim.Optimizer:
        """Return the optimiser of groups that are final."""


@OPTIMIZERS.register_module(name="AdamW")
class AdamWConfig(OptimizerConfig):
    """`AdamW <https://arxiv.org/abs/1711.05101>`_.

    Args:
        betas: decay rates of the running averages of the gradient and its square (default: 0.9 and 0.999).
        **options: as for :class:`OptimizerConfig`.

    Raises:
        ArgumentError: not two ``betas`` in [0, 1), or as :class:`OptimizerConfig`.
    """

    @validated
    def __init__(
        self, betas: Annotated[Sequence[DropFraction], MinLen(2), MaxLen(2)] = (0.9, 0.999), **options: Any
    ) -> None:
        super().__init__(**options)
        self.betas = (betas[0], betas[1])

    def make(self, groups: Groups) -> torch.optim.Optimizer:
        return torch.optim.AdamW(groups, self.lr, self.betas, weight_decay=self.weight_decay, fused=self.fused)


@OPTIMIZERS.register_module(name="SGD")
class SGDConfig(OptimizerConfig):
    """Stochastic gradient descent.

    Args:
        momentum: in [0, 1) (default: 0.9).
        **options: as for :class:`OptimizerConfig`.

    Raises:
        ArgumentError: ``momentum`` is outside [0, 1), or as :class:`OptimizerConfig`.
    """

    @validated
    def __init__(self, momentum: DropFraction = 0.9, **options: Any) -> None:
        super().__init__(**options)
        self.momentum = momentum

    def make(self, groups: Groups) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups, self.lr, self.momentum, weight_decay=self.weight_decay)


class Schedule(ABC):
    """Makes a scheduler of the learning rates.

    Args:
        warmup_epochs: epochs in which the rates rise linearly to their values, before the schedule proper
            (default: 0).
        warmup_fraction: the length of this rise as a share of the training, instead of ``warmup_epochs`` if it is
            above 0 (default: 0).
        interval: whether the rates change after each ``epoch`` or after each ``step`` (default: epoch).

    Raises:
        ArgumentError: ``warmup_epochs`` is negative, or ``warmup_fraction`` is outside [0, 1).
        ConfigError: in :meth:`build`, ``warmup_epochs`` is not below the number of epochs.
    """

    @validated
    def __init__(
        self,
        warmup_epochs: NonNegativeInt = 0,
        warmup_fraction: DropFraction = 0.0,
        interval: Literal["epoch", "step"] = "epoch",
    ) -> None:
        self.warmup_epochs, self.warmup_fraction, self.interval = warmup_epochs, warmup_fraction, interval

    def build(self, optimizer: torch.optim.Optimizer, epochs: int, steps_per_epoch: int) -> LRScheduler:
        """Return the scheduler, whose ``step`` is to be called once in each ``interval``.

        Args:
            optimizer: its rates are changed.
            epochs: of the whole training.
            steps_per_epoch: optimiser steps in an epoch.
        """
        ticks = steps_per_epoch if self.interval == "step" else 1  # calls of the scheduler in an epoch
        total = epochs * ticks
        if self.warmup_fraction:
            warmup = min(max(1, round(self.warmup_fraction * total)), total - 1)
        elif self.warmup_epochs < epochs:
            warmup = self.warmup_epochs * ticks
        else:
            raise ConfigError(
                f"pipeline.schedule.warmup_epochs must be below pipeline.epochs={epochs}, got {self.warmup_epochs}."
            )
        main = self.make(optimizer, total - warmup, ticks)
        if not warmup:
            return main
        rise = LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup)
        return SequentialLR(optimizer, [rise, main], milestones=[warmup])

    @abstractmethod
    def make(self, optimizer: torch.optim.Optimizer, total: int, ticks: int) -> LRScheduler:
        """Return the schedule proper.

        Args:
            optimizer: its rates are changed.
            total: calls of the scheduler in all.
            ticks: calls of the scheduler in an epoch.
        """


@SCHEDULES.register_module(name="step")
class StepSchedule(Schedule):
    """Multiplies the rates by a factor at regular intervals.

    Args:
        decay: the factor, in (0, 1] (default: 0.7).
        decay_epochs: epochs from one multiplication to the next (default: 20).
        decay_fraction: the same as a share of the training after the warm-up, instead of ``decay_epochs``; 0.1 is the
            paper's 20 of 200 epochs for a training of any length (default: not used).
        **options: as for :class:`Schedule`.

    Raises:
        ArgumentError: ``decay`` or ``decay_fraction`` is outside (0, 1], ``decay_epochs`` is below 1, or as
            :class:`Schedule`.
    """

    @validated
    def __init__(
        self,
        decay: KeepFraction = 0.7,
        decay_epochs: PositiveInt = 20,
        decay_fraction: KeepFraction | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.decay, self.decay_epochs, self.decay_fraction = decay, decay_epochs, decay_fraction

    def make(self, optimizer: torch.optim.Optimizer, total: int, ticks: int) -> LRScheduler:
        if self.decay_fraction is not None:
            period = self.decay_fraction * total
            milestones = [math.ceil(i * period - 1e-6) for i in range(1, math.ceil(1 / self.decay_fraction))]
            return MultiStepLR(optimizer, milestones, self.decay)
        return StepLR(optimizer, self.decay_epochs * ticks, self.decay)


@SCHEDULES.register_module(name="cosine")
class CosineSchedule(Schedule):
    """Lowers the rates to 0 at the end of the training along half a cosine
    (`SGDR <https://arxiv.org/abs/1608.03983>`_, without restarts).

    Args:
        **options: as for :class:`Schedule`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def make(self, optimizer: torch.optim.Optimizer, total: int, ticks: int) -> LRScheduler:
        return CosineAnnealingLR(optimizer, T_max=total)


@SCHEDULES.register_module(name="constant")
class ConstantSchedule(Schedule):
    """Leaves the rates as they are.

    Args:
        **options: as for :class:`Schedule`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def make(self, optimizer: torch.optim.Optimizer, total: int, ticks: int) -> LRScheduler:
        return ConstantLR(optimizer, factor=1.0)


def advance(scheduler: LRScheduler, calls: int = 1) -> None:
    """Call a scheduler, which may precede the first optimiser step of this process if the run is resumed.

    Args:
        scheduler: the scheduler.
        calls: (default: 1).
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
        for _ in range(calls):
            scheduler.step()


def _split_by_decay(groups: Groups) -> Groups:
    """Return the groups with their parameters of fewer than two dimensions in groups without weight decay."""
    split: Groups = []
    for group in groups:
        parameters = list(group["params"])
        weights = [parameter for parameter in parameters if parameter.dim() > 1]
        others = [parameter for parameter in parameters if parameter.dim() <= 1]
        split += [{**group, "params": weights}, {**group, "params": others, "weight_decay": 0.0}]
    return [group for group in split if group["params"]]
