"""Protocol of a measurement as fields: values with equal protocols are comparable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from conclu_pyg.runs.provenance import CloudSet, EncoderTreatment


@dataclass(frozen=True)
class Weights:
    """The weights that were measured.

    Attributes:
        kind: ``random``, those of the ``last`` checkpoint, or those of the epoch that was ``best`` on ``selected_on``.
        epoch: finished epochs of the last checkpoint; ``None`` for the other kinds (the best epoch differs between
            seeds).
        planned_epochs: number of epochs in the config; ``None`` if the config leaves it to the pipeline's default.
        extra_batches: batches of an interrupted epoch after ``epoch``.
        selected_on: clouds by which the best epoch was selected.
    """

    kind: Literal["random", "last", "best"]
    epoch: int | None = None
    planned_epochs: int | None = None
    extra_batches: int = 0
    selected_on: CloudSet | None = None


@dataclass(frozen=True)
class Classifier:
    """A classifier on frozen features.

    Attributes:
        name: such as ``linear SVM``.
        standardized: whether features are standardised by the training clouds.
        C: inverse regularisation strength, if it is fixed.
        selected: name of the parameter that is selected on the training clouds, such as ``C``; empty if there is none.
        selected_by: ``cross-validation`` or ``leave-one-out``; empty if nothing is selected.
        folds: number of folds of the cross-validation.
        grid: values of ``selected`` that were tried; ``None`` for the default ones of the probe.
    """

    name: str
    standardized: bool = False
    C: float | None = None
    selected: str = ""
    selected_by: Literal["", "cross-validation", "leave-one-out"] = ""
    folds: int | None = None
    grid: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Episodes:
    """Few-shot episodes.

    Attributes:
        way: number of classes.
        shot: number of labelled (support) clouds of each class.
        queries: number of measured clouds of each class.
        draws: number of episodes that are averaged.
    """

    way: int
    shot: int
    queries: int
    draws: int


@dataclass(frozen=True)
class Protocol:
    """The protocol of a measurement.

    Attributes:
        weights: the weights that were measured.
        train: labelled clouds that the classifier, or the model, was trained on.
        test: clouds that were measured.
        num_points: points of each cloud.
        model: name of a supervised model; empty where a frozen encoder was measured.
        classifier: classifier on frozen features; ``None`` for a supervised model, and for probes without one.
        pooling: how per-point features become one vector (default: by the ``encoder``'s own pooling).
        encoder: treatment of the encoder by the training with labels.
        up_axis_change: see :class:`~conclu_pyg.runs.provenance.LabelledTraining`.
        category_known: predictions are restricted to the parts of the known category.
        votes: number of copies of each cloud whose predictions are averaged (default: 1).
        episodes: few-shot episodes, which draw their training and test clouds from ``train`` and ``test``.
        corruptions: severities of each corruption of the test clouds, by its name.
        extra: further facts of a probe from outside this package, by name.
    """

    weights: Weights
    train: CloudSet
    test: CloudSet
    num_points: int
    model: str = ""
    classifier: Classifier | None = None
    pooling: str = "encoder"
    encoder: EncoderTreatment = field(default_factory=lambda: EncoderTreatment(frozen=True))
    up_axis_change: tuple[str, str] | None = None
    category_known: bool = False
    votes: int = 1
    episodes: Episodes | None = None
    corruptions: dict[str, tuple[float, ...]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
