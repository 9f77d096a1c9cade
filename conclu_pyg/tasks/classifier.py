"""Classification of clouds."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.encoders.base import channels_of, pooled_features
from conclu_pyg.encoders.dense import dense_features
from conclu_pyg.errors import DataError
from conclu_pyg.metrics import Scores, classification_scores
from conclu_pyg.registry import HEADS, TASKS
from conclu_pyg.tasks.base import Task


@TASKS.register_module()
class Classifier(Task):
    """An encoder with a head that predicts the class of a cloud from its pooled features.

    Args:
        encoder: config of the encoder, or the encoder. ``checkpoint`` in its config loads the weights of a run.
        labels: the classes of the data set.
        head: config of the head (default: :class:`~conclu_pyg.heads.classification.ClassificationHead`).

    Raises:
        ConfigError: the encoder has no ``out_channels``.
        DataError: the clouds have no labels.
    """

    task: ClassVar = "classification"
    metric: ClassVar = "accuracy"

    def __init__(self, encoder: Any, labels: Labels, head: Any = None) -> None:
        super().__init__(encoder, labels)
        if labels.are_unlabelled:
            raise DataError(
                "Classifier needs the classes of the clouds, which have no labels; name the classes by folders or by "
                "dataset.labels=labels.csv (see CloudFolder), or train without labels, such as by the config "
                "conclu_pointnet.",
                argument="labels",
            )
        sizes = {"in_channels": channels_of(self.encoder), "num_classes": len(labels.classes)}
        self.head = HEADS.build(head or {"name": "ClassificationHead"}, sizes)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.labels.classes

    def forward(self, clouds: Batch) -> Tensor:
        """Returns the logits of the classes.

        Shapes:
            - **output:** ``[B, classes]``
        """
        return self.logits_and_features(clouds)[0]

    def logits_and_features(self, clouds: Batch) -> tuple[Tensor, Tensor]:
        """Returns the logits of the classes, and the pooled features.

        Shapes:
            - **output:** ``[B, classes]``, ``[B, out_channels]``
        """
        features = pooled_features(self.encoder, clouds)
        return self.head(features), features

    def dense(self, pos: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the logarithm of the probability of each class, and the pooled features, of clouds of equal size.

        Shapes:
            - **pos:** ``[B, N, 3]``, **y:** ``[B]``, not read
            - **output:** ``[B, classes]``, ``[B, out_channels]``
        """
        _, pooled = dense_features(self.encoder, pos)
        return self.head(pooled).log_softmax(dim=1), pooled

    def targets(self, clouds: Batch) -> Tensor:
        """Returns the class of each cloud, ``[B]``."""
        return clouds.y

    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        """Returns the logarithm of the probability of each class.

        Shapes:
            - **logits**, **output:** ``[B, classes]``
        """
        return logits.float().log_softmax(dim=1)

    def target_counts(self, split: PointCloudSplit) -> Tensor:
        """Returns the number of clouds of each class, ``[classes]``."""
        return torch.from_numpy(split.y).bincount(minlength=len(self.labels.classes))

    def scores(self, predicted: Tensor, truth: Tensor, y: Tensor) -> Scores:
        """Returns the accuracy over clouds and over classes; see
        :func:`~conclu_pyg.metrics.classification.classification_scores`.

        Shapes:
            - **predicted**, **truth**, **y:** ``[n]``
        """
        return classification_scores(predicted, truth, self.labels.classes)
