"""Classification: an encoder and a head that are trained on labelled clouds."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.metrics import Scores, classification_scores
from conclu_pyg.registry import ENCODERS, HEADS, TASKS


@TASKS.register_module()
class Classifier(nn.Module):
    """An encoder, and a head that gives a score for each class from its pooled features.

    Args:
        encoder: config of the encoder, or the encoder. ``checkpoint`` in its config starts it from a run's weights.
        labels: the classes; the program gives those of the data set.
        head: config of the head (default: :class:`~conclu_pyg.heads.classification.ClassificationHead`).

    Raises:
        ConfigError: an encoder without ``out_channels``.
    """

    components: ClassVar = {"encoder": ENCODERS, "head": HEADS}
    task: ClassVar = "classification"
    metric: ClassVar = "accuracy"
    given: ClassVar = ""

    def __init__(self, encoder: Any, labels: Labels, head: Any = None) -> None:
        super().__init__()
        self.labels = labels
        self.encoder = ENCODERS.build(encoder)
        sizes = {"in_channels": channels_of(self.encoder), "num_classes": len(labels.classes)}
        self.head = HEADS.build(head or {"name": "ClassificationHead"}, sizes)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of what is predicted."""
        return self.labels.classes

    def forward(self, clouds: Batch) -> Tensor:
        """The scores of each class, as logits.

        Shapes:
            - **output:** ``[B, classes]``
        """
        return self.head(pooled_features(self.encoder, clouds))

    def targets(self, clouds: Batch) -> Tensor:
        """The true class of each cloud, ``[B]``."""
        return clouds.y

    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        """The logarithm of the probability of each class.

        Shapes:
            - **logits**, **output:** ``[B, classes]``
        """
        return logits.float().log_softmax(dim=1)

    def target_counts(self, split: PointCloudSplit) -> Tensor:
        """How often each class is a target in a split, ``[classes]``."""
        return torch.from_numpy(split.y).bincount(minlength=len(self.labels.classes))

    def scores(self, predicted: Tensor, truth: Tensor, y: Tensor) -> Scores:
        """What predictions are worth.

        Args:
            predicted: a class for each cloud.
            truth: the true one.
            y: the same again.

        Shapes:
            - **predicted**, **truth**, **y:** ``[n]``
        """
        return classification_scores(predicted, truth, self.labels.classes)
