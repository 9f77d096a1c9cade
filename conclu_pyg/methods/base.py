"""The interface of self-supervised methods.

A method trains an encoder without labels. It subclasses :class:`Method`, declares the ``views`` that it wants of each
batch, and turns them into losses in ``forward``; hooks, diagnostics and clusters are optional. The training loop knows
no method by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

Steps = Sequence[Mapping[str, Any]]  # configs of transforms, applied in order
SHARED: Final = None  # marks a view that the steps of `pipeline.views` make


class MethodOutput(NamedTuple):
    """The result of one training step.

    Attributes:
        losses: named scalars; their sum is minimised.
        metrics: named scalars without gradient, which are logged (default: none).
    """

    losses: Mapping[str, Tensor]
    metrics: Mapping[str, Tensor] = MappingProxyType({})

    def total_loss(self) -> Tensor:
        """Return the sum of the losses, ``[]``."""
        return torch.stack(list(self.losses.values())).sum()


class Progress(NamedTuple):
    """The position of a training run.

    Attributes:
        step: optimiser steps that are finished.
        num_steps: optimiser steps that are planned.
        epoch: epochs that are finished.
        num_epochs: epochs that are planned.
    """

    step: int
    num_steps: int
    epoch: int
    num_epochs: int

    @property
    def fraction(self) -> float:
        """The finished share of the planned steps, from 0 to 1."""
        return self.step / max(1, self.num_steps)


class TrainingData(Protocol):
    """The training clouds, as a method may read them between epochs."""

    @property
    def num_clouds(self) -> int:
        """The number of training clouds; ``cloud_id`` of a view is below it."""
        ...

    @property
    def device(self) -> torch.device:
        """The device that the method trains on."""
        ...

    def map(self, function: Callable[[Batch], Tensor]) -> Tensor:
        """Return ``function`` of every clean cloud, in the order of ``cloud_id``, on the CPU. The method is in
        evaluation mode meanwhile, and no gradients are computed.

        Shapes:
            - **function:** a batch of B clouds to ``[B, ...]``; **output:** ``[num_clouds, ...]``
        """
        ...


class Method(nn.Module):
    """Trains ``encoder`` without labels. Only :meth:`forward` is required.

    Whatever has to be kept in a checkpoint must be a parameter or a buffer; ``get_extra_state`` may return only a
    tensor.

    Attributes:
        encoder: the encoder that is evaluated afterwards, a submodule of this name.
        views: the steps of each view, by the name under which ``forward`` gets it: configs of transforms, or
            :data:`SHARED` for a view that ``pipeline.views`` makes. A class attribute, or set in ``__init__`` where it
            depends on arguments (default: two shared views ``a`` and ``b``).
    """

    encoder: nn.Module
    views: Mapping[str, Steps | None] = MappingProxyType({"a": SHARED, "b": SHARED})

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        """Return the losses of one batch.

        Args:
            views: batches of the same B clouds in the same order, one for each name in :attr:`views`. They carry
                ``cloud_id [B]``, the position of each cloud in the training split, and whatever the transforms added;
                labels were removed.

        Shapes:
            - **losses** and **metrics:** ``[]``
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(views) that returns a MethodOutput")

    def before_epoch(self, data: TrainingData, progress: Progress) -> None:
        """Called before each epoch, for example to cluster the features of all clouds."""

    def before_step(self, progress: Progress) -> None:
        """Called when the gradients are computed, before they are clipped and the weights move. A method may set a
        gradient to ``None``, so that its parameter does not move; under ``16-mixed`` they are scaled."""

    def after_step(self, progress: Progress) -> None:
        """Called when the weights have moved, for example to update a momentum copy; ``progress`` counts the step."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the parameters to optimise, as parameter groups of a PyTorch optimiser (default: all that require a
        gradient, in one group)."""
        return [{"params": [parameter for parameter in self.parameters() if parameter.requires_grad]}]

    def loss_names(self) -> list[str]:
        """Return the names of the losses, for the records of results (default: none)."""
        return []

    def min_batch_size(self) -> int:
        """Return the smallest number of clouds in a batch that the method works with (default: 2); the training warns
        about a smaller ``pipeline.batch_size``."""
        return 2

    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        """Return sentences about an epoch's mean metrics that show a failure, and advice (default: none)."""
        return []


@runtime_checkable
class Clusters(Protocol):
    """Optional capability of a method: it assigns clouds to clusters."""

    @property
    def num_clusters(self) -> int:
        """The number of clusters; 0 if this configuration of the method trains none."""
        ...

    def assign(self, clouds: Batch) -> Tensor:
        """Return the log-probability of each cluster for each cloud.

        Shapes:
            - **output:** ``[B, num_clusters]``
        """
        ...


@runtime_checkable
class PretextTask(Protocol):
    """Optional capability of a method: a pretext task that also works on clouds that it was not trained on."""

    @property
    def pretext_metric(self) -> str:
        """The name of the metric of ``forward`` that measures it: a share from 0 to 1, such as ``accuracy``."""
        ...


class TwoViewMethod(Method):
    """Adapter for a module that is no :class:`Method`: it is called as ``module(view_a, view_b)``.

    Its methods ``loss_names``, ``min_batch_size`` and ``warnings`` are used if it has them.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        return MethodOutput(*self.module(views["a"], views["b"]))

    def loss_names(self) -> list[str]:
        return self._own("loss_names", super().loss_names)()

    def min_batch_size(self) -> int:
        return self._own("min_batch_size", super().min_batch_size)()

    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        return self._own("warnings", super().warnings)(metrics)

    def _own(self, name: str, default: Callable[..., Any]) -> Callable[..., Any]:
        """Return the method of the module, or ``default`` if it has none."""
        own = getattr(self.module, name, None)
        return own if callable(own) else default


def as_method(module: nn.Module) -> Method:
    """Return ``module`` if it is a :class:`Method`, else the adapter :class:`TwoViewMethod` around it."""
    return module if isinstance(module, Method) else TwoViewMethod(module)


def clusters_of(module: nn.Module) -> Clusters | None:
    """Return ``module`` if it trains clusters, else ``None``."""
    return module if isinstance(module, Clusters) and module.num_clusters else None
