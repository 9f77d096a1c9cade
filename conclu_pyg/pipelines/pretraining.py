"""Pre-training without labels: two views of each cloud, a method's losses, a step."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import BatchSampler, RandomSampler, Sampler
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.errors import ConcluWarning, ConfigError
from conclu_pyg.methods.base import MethodOutput, batch_need
from conclu_pyg.pipelines.base import Pipeline, check_at_least
from conclu_pyg.registry import PIPELINES, TRANSFORMS
from conclu_pyg.tasks.base import Task
from conclu_pyg.transforms import compose

PAPER_VIEWS: list[dict[str, Any]] = [
    {"name": "RandomHalfSpaceCrop", "keep": 0.85},
    {"name": "FixedPoints", "num_points": 1024},
    {"name": "RandomYawRotate", "degrees": 5.0},
    {"name": "GaussianJitter", "sigma": 0.01, "clip": 0.025},
]


@PIPELINES.register_module()
class Pretraining(Pipeline):
    """Trains a method on the training split of a data set; the labels are not read.

    Args:
        model: the method.
        dataset: the data set.
        config: the resolved config, for the run folder and the checkpoints.
        views: configs of the transforms that make a view (default: the paper's).
        epochs: (default: 200).
        batch_size: clouds in a step; a last, smaller batch of an epoch is left out (default: 128).
        lr: learning rate of AdamW (default: 0.001).
        weight_decay: of AdamW (default: 0.01).
        lr_decay: factor on the learning rate (default: 0.7) every
        lr_decay_epochs: epochs (default: 20).
        **options: as for :class:`~conclu_pyg.pipelines.base.Pipeline`, such as ``seed`` and ``run_dir``.

    Raises:
        ConfigError: a number out of its range, a device that is not there, or a model that is no method of
            pre-training.
    """

    components: ClassVar = {"views": TRANSFORMS}
    headline: ClassVar = {"projection_std": "spread {:.2f}"}

    def __init__(
        self,
        model: nn.Module,
        dataset: PointCloudDataset,
        config: Mapping[str, Any],
        views: list[dict[str, Any]] | None = None,
        epochs: int = 200,
        batch_size: int = 128,
        lr: float = 1e-3,
        weight_decay: float = 0.01,
        lr_decay: float = 0.7,
        lr_decay_epochs: int = 20,
        **options: Any,
    ) -> None:
        if isinstance(model, Task):
            raise ConfigError(
                f"the pipeline Pretraining trains a method on two views, and model.name={type(model).__name__} learns "
                "from labels; give pipeline.name=Finetuning, or a method such as ConClu."
            )
        check_at_least(1, lr_decay_epochs=lr_decay_epochs)
        if not (0 < lr < math.inf and 0 <= weight_decay < math.inf and 0 < lr_decay <= 1):
            raise ConfigError(
                "pipeline.lr must be finite and above 0, weight_decay finite and at least 0 and lr_decay in (0, 1], "
                f"found {lr}, {weight_decay} and {lr_decay}."
            )
        super().__init__(model, dataset, config, epochs=epochs, batch_size=batch_size, **options)
        self.views = compose(PAPER_VIEWS if views is None else views, up_axis=self.up_axis)
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=weight_decay, fused=True)
        self.scheduler = StepLR(self.optimizer, lr_decay_epochs, lr_decay)

    def training_split(self) -> PointCloudSplit:
        split = self.split("train")
        self._check_batch(len(split))
        return split

    def step(self, model: nn.Module, clouds: Batch) -> MethodOutput:
        return model(self.views(clouds), self.views(clouds))

    def batches(self, split: PointCloudSplit, order: torch.Generator) -> Sampler[list[int]]:
        # No smaller batch: what a method needs of one, a part of it cannot give.
        return BatchSampler(RandomSampler(split, generator=order), self.batch_size, drop_last=True)

    def _check_batch(self, clouds: int) -> None:
        """Refuses a batch larger than the data set, and warns of one smaller than the method needs."""
        need = batch_need(self.model)
        if self.batch_size > clouds:
            fewer = f", and no more than that of {need.what} by {need.option}" if need and need.clouds > clouds else ""
            raise ConfigError(
                f"pipeline.batch_size={self.batch_size} is more than the {clouds} clouds of the training split; give a "
                f"smaller one{fewer}."
            )
        if need and self.batch_size < need.clouds:
            warnings.warn(
                f"pipeline.batch_size={self.batch_size} is below {need.what}, so that {need.otherwise}; give a larger "
                f"batch or fewer {need.option}.",
                ConcluWarning,
                stacklevel=2,
            )
