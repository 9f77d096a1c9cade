"""Part segmentation of clouds of a known category."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.data.lazy_rows import iter_blocks
from conclu_pyg.encoders.base import channels_of, layer_channels, layer_features
from conclu_pyg.encoders.dense import dense_layer_features
from conclu_pyg.errors import DataError
from conclu_pyg.metrics import Scores, part_scores
from conclu_pyg.registry import HEADS, TASKS
from conclu_pyg.tasks.base import Task


@TASKS.register_module()
class PartSegmenter(Task):
    """An encoder with a head that predicts the part of each point from the features of the point and of its cloud. The
    category of a cloud is known, as in PointNet and in the paper (section 3.3): it is read from ``clouds.y``, it is an
    input of the head, and only the parts of that category can be predicted.

    Args:
        encoder: config of the encoder, or the encoder. ``checkpoint`` in its config loads the weights of a run.
        labels: the categories of the data set and their parts.
        head: config of the head (default: :class:`~conclu_pyg.heads.part_segmentation.PartSegmentationHead`).

    Raises:
        ConfigError: the encoder has no ``out_channels``.
        DataError: the labels have no parts.
    """

    task: ClassVar = "part_segmentation"
    metric: ClassVar = "instance mIoU"
    requires_category: ClassVar = True

    def __init__(self, encoder: Any, labels: Labels, head: Any = None) -> None:
        if not labels.parts:
            raise DataError(
                "part segmentation needs part labels, and this data set has none; use a data set such as ShapeNetPart "
                "or ParametricShapes."
            )
        super().__init__(encoder, labels)
        sizes = {
            "layer_channels": layer_channels(self.encoder),
            "in_channels": channels_of(self.encoder),
            "num_classes": len(labels.classes),
            "num_parts": len(labels.parts),
        }
        self.head = HEADS.build(head or {"name": "PartSegmentationHead"}, sizes)
        self.register_buffer("_possible", labels.parts_of_classes(), persistent=False)
        self._possible: Tensor

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the parts."""
        return self.labels.parts

    def forward(self, clouds: Batch) -> Tensor:
        """Returns the logits of all parts, including those of other categories.

        Shapes:
            - **output:** ``[M, parts]``
        """
        layers, pooled = layer_features(self.encoder, clouds)
        return self.head(layers, pooled, clouds.y, clouds.batch)

    def dense(self, pos: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the logarithm of the probability of each part among the parts of the cloud's category, and the pooled
        features, of clouds of equal size.

        Shapes:
            - **pos:** ``[B, N, 3]``, **y:** int64 ``[B]``
            - **output:** ``[B, N, parts]``, ``-inf`` for the parts of other categories; ``[B, out_channels]``
        """
        layers, pooled = dense_layer_features(self.encoder, pos)
        batch = torch.arange(pos.size(0), device=pos.device)[:, None].expand(pos.shape[:2]).flatten()
        logits = self.head([x.flatten(0, 1) for x in layers], pooled, y, batch).unflatten(0, pos.shape[:2])
        return logits.masked_fill(~self._possible[y][:, None], -torch.inf).log_softmax(dim=2), pooled

    def targets(self, clouds: Batch) -> Tensor:
        """Returns the part of each point, ``[M]``."""
        return clouds.part

    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        """Returns the logarithm of the probability of each part among the parts of the cloud's category.

        Shapes:
            - **logits**, **output:** ``[M, parts]``; ``-inf`` for the parts of other categories
        """
        possible = self._possible[clouds.y][clouds.batch]  # (M, parts)
        return logits.float().masked_fill(~possible, -torch.inf).log_softmax(dim=1)

    def target_counts(self, split: PointCloudSplit) -> Tensor:
        """Returns the number of points of each part, ``[parts]``.

        Raises:
            DataError: the split has no part labels.
        """
        if split.part is None:
            raise DataError("part segmentation needs a split with part labels, and this one has none.")
        counts = np.zeros(len(self.labels.parts), dtype=np.int64)
        for _, block in iter_blocks(split.part):
            counts += np.bincount(block.astype(np.int64, copy=False).ravel(), minlength=len(counts))
        return torch.from_numpy(counts)

    def scores(self, predicted: Tensor, truth: Tensor, y: Tensor) -> Scores:
        """Returns the accuracy over points and the mean intersection over union; see
        :func:`~conclu_pyg.metrics.parts.part_scores`.

        Args:
            predicted: the predicted part of each point, cloud after cloud of equal size.
            truth: the true part of each point.
            y: the category of each cloud.

        Shapes:
            - **predicted**, **truth:** ``[n * N]``, **y:** ``[n]``
        """
        cloud = torch.arange(len(y)).repeat_interleave(len(truth) // len(y))
        return part_scores(predicted, truth, cloud, y, self.labels)
