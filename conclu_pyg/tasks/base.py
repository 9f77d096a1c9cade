"""The interface of supervised models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import ConfigError
from conclu_pyg.metrics import Scores
from conclu_pyg.registry import ENCODERS, HEADS


class Task(nn.Module, ABC):
    """An encoder with a head that is trained on labels, registered in :data:`conclu_pyg.TASKS`.

    A subclass sets the class attributes and implements the methods; training (:class:`~conclu_pyg.pipelines.finetuning
    .Finetuning`), evaluation and prediction work through nothing else. ``forward(clouds)`` returns logits, one row per
    target; a *target* is whatever gets a label: a cloud or a point.

    Args:
        encoder: config of the encoder, or the encoder. ``checkpoint`` in its config loads the weights of a run.
        labels: the classes and parts of the data set.

    Attributes:
        task: the name of the task in records.
        metric: the score by which models are compared, a key of :attr:`Scores.values <conclu_pyg.metrics.Scores>`.
        requires_category: whether the class of each cloud is an input of the model, read from ``clouds.y``, rather
            than what it predicts.
    """

    components: ClassVar = {"encoder": ENCODERS, "head": HEADS}
    task: ClassVar[str]
    metric: ClassVar[str]
    requires_category: ClassVar[bool] = False

    def __init__(self, encoder: Any, labels: Labels) -> None:
        super().__init__()
        self.labels = labels
        self.encoder = ENCODERS.build(encoder)

    @property
    @abstractmethod
    def label_names(self) -> tuple[str, ...]:
        """The names of the labels that the model predicts, in the order of the logits."""

    def logits_and_features(self, clouds: Batch) -> tuple[Tensor, Tensor | None]:
        """Returns the logits, and the pooled features of the encoder that they were computed from; ``None`` if they
        were not computed from these alone (default).

        Shapes:
            - **output:** ``[T, labels]``, ``[B, out_channels]``
        """
        return self(clouds), None

    def dense(self, pos: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the logarithm of the probability of each label, and the pooled features, of clouds of equal size, in
        evaluation mode and through the dense entry of the encoder (:mod:`conclu_pyg.encoders.dense`). An export needs
        this method; the default raises.

        Args:
            pos: the clouds.
            y: the class of each cloud, which is read if the model ``requires_category``.

        Shapes:
            - **pos:** ``[B, N, 3]``, **y:** int64 ``[B]``
            - **output:** ``[B, labels]``, or ``[B, N, labels]`` if points are the targets; ``[B, out_channels]``

        Raises:
            ConfigError: the model or its encoder has no dense entry.
        """
        name = type(self).__name__
        raise ConfigError(
            f"{name}: expected a dense entry for clouds of equal size, got a class without it; add the method "
            f"dense(pos, y), described in conclu_pyg.tasks.base, to {name}.",
            argument="model",
            got=name,
        )

    @abstractmethod
    def targets(self, clouds: Batch) -> Tensor:
        """Returns the true labels.

        Shapes:
            - **output:** int64 ``[T]``, with T targets
        """

    @abstractmethod
    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        """Returns the logarithm of the probability of each label.

        Shapes:
            - **logits:** ``[T, labels]``
            - **output:** float32 ``[T, labels]``; ``-inf`` for a label that is impossible for the target
        """

    @abstractmethod
    def target_counts(self, split: PointCloudSplit) -> Tensor:
        """Returns how often each label is a target in a split.

        Shapes:
            - **output:** int64 ``[labels]``
        """

    @abstractmethod
    def scores(self, predicted: Tensor, truth: Tensor, y: Tensor) -> Scores:
        """Returns the metrics of predictions for clouds of equal size.

        Args:
            predicted: the predicted labels, cloud after cloud.
            truth: the true labels.
            y: the class of each cloud.

        Shapes:
            - **predicted**, **truth:** ``[T]``, **y:** ``[n]``
        """
