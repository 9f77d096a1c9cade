"""Pre-training without labels: views of each cloud, a method's losses, a step."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from annotated_types import Ge
from torch import Tensor, nn
from torch.utils.data import BatchSampler, Dataset, RandomSampler, Sampler
from torch_geometric.data import Batch

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.errors import ConcluWarning, ConfigError
from conclu_pyg.methods.base import MethodOutput, Progress, as_method
from conclu_pyg.methods.diagnostics import feature_metrics, feature_warnings
from conclu_pyg.pipelines.base import Pipeline
from conclu_pyg.pipelines.training_clouds import CleanClouds, SpacedClouds, UnlabelledClouds
from conclu_pyg.pipelines.views import compose_views
from conclu_pyg.registry import PIPELINES, TRANSFORMS
from conclu_pyg.tasks.base import Task
from conclu_pyg.text import pluralize

MEASURED, MEASURED_POINTS = 32, 256  # clouds whose features are measured after an epoch, and points of each
MIN_MEASURED = 16  # clouds that a measurement needs


@PIPELINES.register_module()
class Pretraining(Pipeline):
    """Trains a method on the training split of a data set. Labels are removed before any view is made.

    Args:
        model: the method: a :class:`~conclu_pyg.methods.base.Method`, or a module that is called as
            ``model(view_a, view_b)``.
        dataset: the data set.
        config: the resolved config, for the run folder and the checkpoints.
        views: a list of configs of transforms, which makes every shared view of the method, or lists by the names of
            the views that they replace (default: ConClu's views, section 3.1, for the shared ones).
        epochs: (default: 200).
        batch_size: clouds in a step; a last, smaller batch of an epoch is left out (default: 128).
        schedule: as for :class:`~conclu_pyg.pipelines.plan.TrainingPlan` (default: ``step``, 0.7 every 20 epochs).
        **options: as for :class:`~conclu_pyg.pipelines.plan.TrainingPlan`, such as ``seed`` and ``run_dir``.

    Raises:
        ConfigError: a number out of its range, a device that is not there, a view that the method does not have, or a
            model that learns from labels.
    """

    components: ClassVar = {"views": TRANSFORMS}
    progress_metrics: ClassVar = {"projection_std": "spread {:.2f}", "accuracy": "accuracy {:.1%}"}

    @validated
    def __init__(
        self,
        model: nn.Module,
        dataset: PointCloudDataset,
        config: Mapping[str, Any],
        views: list[dict[str, Any]] | dict[str, list[dict[str, Any]]] | None = None,
        epochs: PositiveInt = 200,
        batch_size: Annotated[int, Ge(2)] = 128,
        schedule: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        if isinstance(model, Task):
            raise ConfigError(
                f"the pipeline Pretraining trains without labels, and model.name={type(model).__name__} learns from "
                "them; give pipeline.name=Finetuning, or a method such as ConClu."
            )
        schedule = schedule or {"name": "step"}
        super().__init__(model, dataset, config, epochs=epochs, batch_size=batch_size, schedule=schedule, **options)
        self.method = self.trained = as_method(model)
        self.views = compose_views(self.method.views, views, up_axis=self.up_axis)
        self.optimizer = self.optimizer_config.build(self.method.parameter_groups())

    def training_split(self) -> PointCloudSplit:
        split = self.split("train")
        self._check_batch(len(split))
        return split

    def training_data(self, split: PointCloudSplit) -> Dataset[Any]:
        clouds = UnlabelledClouds(split)
        self.data = CleanClouds(self.method, clouds, self.fabric.device, self.batch_size)
        self.measured = CleanClouds(self.method, SpacedClouds(clouds, MEASURED), self.fabric.device, MEASURED)
        return clouds

    def batches(self, split: PointCloudSplit, order: torch.Generator) -> Sampler[list[int]]:
        # A smaller last batch could be below the method's minimum.
        return BatchSampler(RandomSampler(split, generator=order), self.batch_size, drop_last=True)

    def losses(self, model: nn.Module, clouds: Batch) -> MethodOutput:
        return model(self.make_views(clouds))

    def make_views(self, clouds: Batch) -> dict[str, Batch]:
        """Return the views of a batch by their names."""
        return {name: transform(clouds) for name, transform in self.views.items()}

    def before_epoch(self, progress: Progress) -> None:
        self.method.before_epoch(self.data, progress)

    def before_step(self, progress: Progress) -> None:
        self.method.before_step(progress)

    def after_step(self, progress: Progress) -> None:
        self.method.after_step(progress)

    def measure_epoch(self) -> dict[str, float]:
        """Return metrics of the features of 32 thinned clouds, or none if there are fewer than 16; see
        :func:`~conclu_pyg.methods.diagnostics.feature_metrics`."""
        if self.measured.num_clouds < MIN_MEASURED:
            return {}
        with torch.random.fork_rng([self.fabric.device] if self.fabric.device.type == "cuda" else []):
            return feature_metrics(self.measured.map(self._features))

    def _features(self, clouds: Batch) -> Tensor:
        step = max(1, int(clouds.ptr.diff().min()) // MEASURED_POINTS)
        return pooled_features(self.model.encoder, Batch(pos=clouds.pos[::step], batch=clouds.batch[::step]))

    def loss_names(self) -> list[str]:
        return self.method.loss_names()

    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        return [*feature_warnings(metrics), *self.method.warnings(metrics)]

    def _check_batch(self, clouds: int) -> None:
        """Refuses a batch larger than the data set, and warns about one smaller than the method needs."""
        least, name = self.method.min_batch_size(), type(self.model).__name__
        if self.batch_size > clouds:
            fewer = f" ({name} asks for {least} clouds in a batch as configured)" if least > clouds else ""
            raise ConfigError(
                f"pipeline.batch_size={self.batch_size} is more than the {pluralize(clouds, 'cloud')} of the training "
                f"split; give pipeline.batch_size={max(2, clouds)} or less, or more clouds{fewer}.",
                argument="batch_size",
                got=self.batch_size,
            )
        if self.batch_size < least:
            warnings.warn(
                f"pipeline.batch_size={self.batch_size} is below the {least} clouds that {name} needs in a batch as "
                "configured; give a larger batch.",
                ConcluWarning,
                stacklevel=2,
            )
