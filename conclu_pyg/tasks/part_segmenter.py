"""Part segmentation: an encoder and a head that are trained on clouds whose points have labelled parts."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.data.rows import blocks
from conclu_pyg.encoders.base import channels_of, layer_channels, layer_features
from conclu_pyg.errors import DataError
from conclu_pyg.metrics import Scores, part_scores
from conclu_pyg.registry import ENCODERS, HEADS, TASKS


@TASKS.register_module()
class PartSegmenter(nn.Module):
    """An encoder, and a head that gives a score for each part from the features of a point and of its cloud. The
    category of a cloud is known, as in PointNet and in the paper (section 3.3): it is read from ``clouds.y``, it is an
    input of the head, and only its own parts are predicted.

    Args:
        encoder: config of the encoder, or the encoder. ``checkpoint`` in its config starts it from a run's weights.
        labels: the categories and their parts; the program gives those of the data set.
        head: config of the head (default: :class:`~conclu_pyg.heads.part_segmentation.PartSegmentationHead`).

    Raises:
        ConfigError: an encoder without ``out_channels``.
        DataError: labels without parts.
    """

    components: ClassVar = {"encoder": ENCODERS, "head": HEADS}
    task: ClassVar = "part_segmentation"
    metric: ClassVar = "instance mIoU"
    given: ClassVar = "its category"

    def __init__(self, encoder: Any, labels: Labels, head: Any = None) -> None:
        super().__init__()
        if not labels.parts:
            raise DataError(
                "part segmentation needs a data set with part labels, such as ShapeNetPart or ParametricShapes; this "
                "one has none."
            )
        self.labels = labels
        self.encoder = ENCODERS.build(encoder)
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
        """The names of what is predicted."""
        return self.labels.parts

    def forward(self, clouds: Batch) -> Tensor:
        """The scores of each part, those of other categories among them, as logits.

        Shapes:
            - **output:** ``[M, parts]``
        """
        layers, pooled = layer_features(self.encoder, clouds)
        return self.head(layers, pooled, clouds.y, clouds.batch)

    def targets(self, clouds: Batch) -> Tensor:
        """The true part of each point, ``[M]``."""
        return clouds.part

    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        """The logarithm of the probability of each part, among the parts of the cloud's category.

        Shapes:
            - **logits**, **output:** ``[M, parts]``
        """
        possible = self._possible[clouds.y][clouds.batch]  # (M, parts)
        return logits.float().masked_fill(~possible, -torch.inf).log_softmax(dim=1)

    def target_counts(self, split: PointCloudSplit) -> Tensor:
        """How often each part is a target in a split, ``[parts]``."""
        if split.part is None:
            raise DataError("part segmentation needs a split with part labels, and this one has none.")
        counts = np.zeros(len(self.labels.parts), dtype=np.int64)
        for _, block in blocks(split.part):
            counts += np.bincount(block.astype(np.int64, copy=False).ravel(), minlength=len(counts))
        return torch.from_numpy(counts)

    def scores(self, predicted: Tensor, truth: Tensor, y: Tensor) -> Scores:
        """What predictions are worth.

        Args:
            predicted: a part for each point, cloud after cloud of equal size.
            truth: the true one.
            y: the category of each cloud.

        Shapes:
            - **predicted**, **truth:** ``[n * N]``, **y:** ``[n]``
        """
        cloud = torch.arange(len(y)).repeat_interleave(len(truth) // len(y))
        return part_scores(predicted, truth, cloud, y, self.labels)
