"""Provenance of weights as fields: labelled clouds, treatment of the encoder, and the pre-training before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CloudSet:
    """Clouds of one split of a data set.

    Attributes:
        split: its name, such as ``train``.
        num_clouds: how many clouds of it are used.
        available: how many it has.
        per_class: number of labelled clouds drawn from each class; ``None`` if they were not drawn by number.
        fraction: share of the labelled clouds of each class that was drawn; 1 for all (default: 1).
        held_out: share of the labelled clouds that was set aside for measuring; 0 for training clouds and for whole
            splits (default: 0).
    """

    split: str
    num_clouds: int
    available: int
    per_class: int | None = None
    fraction: float = 1.0
    held_out: float = 0.0


@dataclass(frozen=True)
class Mismatches:
    """Differences between a pre-trained encoder and the encoder that was loaded from it.

    Attributes:
        num_tensors: number of weight tensors of the loaded encoder.
        missing: how many of them the run lacks; they stay random.
        unexpected: how many tensors of the run have no place in the encoder.
        arguments: name of each argument that differs, with the value in the run and the value here.
    """

    num_tensors: int
    missing: int = 0
    unexpected: int = 0
    arguments: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class EncoderOrigin:
    """The run that an encoder's initial weights come from.

    Attributes:
        source: path of its checkpoint.
        dataset: data set of the pre-training.
        method: name of the method.
        losses: names of its loss terms; empty if unknown.
        epochs: number of epochs.
        up_axis: coordinate that points up in its clouds; ``None`` if unknown.
        command: command line of the pre-training.
        seconds: duration of the pre-training.
        fingerprint: see :mod:`conclu_pyg.runs.fingerprint`.
        before: origin of that run's own initial weights; ``None`` for random ones.
        mismatches: differences between the encoder and that of the run; ``None`` if there are none.
    """

    source: str
    dataset: str
    method: str
    epochs: int
    command: str
    seconds: float
    fingerprint: str
    up_axis: int | None = None
    losses: tuple[str, ...] = ()
    before: EncoderOrigin | None = None
    mismatches: Mismatches | None = None

    def chain(self) -> list[EncoderOrigin]:
        """Returns the trainings behind the weights in their order, ending with this one."""
        return [*([] if self.before is None else self.before.chain()), self]


@dataclass(frozen=True)
class EncoderTreatment:
    """What a training with labels did to the encoder.

    Attributes:
        frozen: it was not trained.
        lr: learning rate of the encoder, if it differs from that of the head.
        head_lr: learning rate of the head in that case.
        mismatches: see :class:`EncoderOrigin`.
    """

    frozen: bool = False
    lr: float | None = None
    head_lr: float | None = None
    mismatches: Mismatches | None = None


@dataclass(frozen=True)
class LabelledTraining:
    """A training with labels.

    Attributes:
        clouds: labelled clouds that were trained on.
        encoder: treatment of the encoder.
        up_axis_change: the axis that points up in the data set and the one it was rotated to, such as ``("y", "z")``;
            ``None`` if the clouds were not rotated.
    """

    clouds: CloudSet
    encoder: EncoderTreatment = field(default_factory=EncoderTreatment)
    up_axis_change: tuple[str, str] | None = None
