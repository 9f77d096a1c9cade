"""Models as exported programs compute them: clouds of equal size to named outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.encoders.dense import check_dense_entry, dense_features
from conclu_pyg.onnx.metadata import CATEGORY, EMBEDDING, LOG_PROBABILITIES, POINT_FEATURES, POINTS
from conclu_pyg.tasks.base import Task


class ExportModel(nn.Module, ABC):
    """A model with named inputs and outputs, in evaluation mode.

    ``forward`` computes the outputs through the dense entry, and :meth:`reference` the same outputs as evaluations of
    this package do.

    Attributes:
        inputs: names of the arguments of ``forward``: ``points``, and ``category`` if the model reads it.
        outputs: names of its outputs.
        num_classes: number of values of ``category``.
    """

    inputs: tuple[str, ...] = (POINTS,)
    outputs: tuple[str, ...]
    num_classes: int = 1

    @abstractmethod
    def reference(self, points: Tensor, category: Tensor) -> tuple[Tensor, ...]:
        """Returns the outputs that the package computes, from clouds as a PyG batch.

        Shapes:
            - **points:** ``[B, N, 3]``, **category:** ``[B]``
        """

    def example(self, size: int, num_points: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Returns random clouds in the unit sphere, and random categories if the model reads them.

        Shapes:
            - **output:** ``[B, N, 3]``, and int64 ``[B]``
        """
        points = torch.randn(size, num_points, 3, generator=generator)
        points = points * torch.rand(size, 1, 3, generator=generator).clamp(min=0.1)
        points = points - points.mean(dim=1, keepdim=True)
        points = points / points.norm(dim=2).amax(dim=1)[:, None, None]
        category = torch.randint(self.num_classes, (size,), generator=generator)
        return (points, category)[: len(self.inputs)]


class EncoderModel(ExportModel):
    """An encoder.

    Args:
        encoder: the encoder.
        per_point: also return the per-point features.

    Raises:
        ConfigError: it has no dense entry.
    """

    def __init__(self, encoder: nn.Module, per_point: bool) -> None:
        super().__init__()
        check_dense_entry(encoder)
        self.encoder, self.per_point = encoder, per_point
        self.outputs = (EMBEDDING, POINT_FEATURES) if per_point else (EMBEDDING,)
        self.eval()

    def forward(self, points: Tensor) -> tuple[Tensor, ...]:
        features, pooled = dense_features(self.encoder, points)
        return (pooled, features) if self.per_point else (pooled,)

    def reference(self, points: Tensor, category: Tensor) -> tuple[Tensor, ...]:
        clouds = batch_clouds(points)
        features, pooled = self.encoder(clouds.pos, clouds.batch, len(points))
        return (pooled, features.view(*points.shape[:2], -1)) if self.per_point else (pooled,)


class TaskModel(ExportModel):
    """A supervised model.

    Args:
        task: the model.

    Raises:
        ConfigError: it or its encoder has no dense entry.
    """

    def __init__(self, task: Task) -> None:
        super().__init__()
        check_dense_entry(task.encoder)
        self.task = task
        self.outputs = (LOG_PROBABILITIES, EMBEDDING)
        self.inputs = (POINTS, CATEGORY) if task.requires_category else (POINTS,)
        self.num_classes = len(task.labels.classes)
        self.eval()

    def forward(self, points: Tensor, category: Tensor | None = None) -> tuple[Tensor, ...]:
        if category is None:
            category = points.new_zeros(points.size(0), dtype=torch.long)
        return self.task.dense(points, category)

    def reference(self, points: Tensor, category: Tensor) -> tuple[Tensor, ...]:
        clouds: Batch = batch_clouds(points, y=category)
        scores = self.task.log_probabilities(self.task(clouds), clouds)
        pooled = self.task.encoder(clouds.pos, clouds.batch, len(points))[1]
        per_point = len(scores) == len(clouds.pos)
        return scores.view(*points.shape[:2], -1) if per_point else scores, pooled
