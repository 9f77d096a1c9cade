"""Selection of labelled clouds for training and for validation."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.subsets import draw_fraction, draw_per_class, hold_out
from conclu_pyg.errors import ConcluWarning, ConfigError
from conclu_pyg.runs.provenance import CloudSet
from conclu_pyg.text import pluralize


class LabelledClouds(NamedTuple):
    """Labelled clouds of a training.

    Attributes:
        train: the clouds to train on.
        held_out: the clouds that select the best epoch, if any; none of them is trained on.
        trained_on, chosen_on: both as fields, for the protocol of results.
    """

    train: PointCloudSplit
    held_out: PointCloudSplit | None
    trained_on: CloudSet
    chosen_on: CloudSet | None


@dataclass(frozen=True)
class LabelSubset:
    """The options of :class:`~conclu_pyg.pipelines.finetuning.Finetuning` about labels, whose bounds it checks.

    Raises:
        ConfigError: two options that exclude each other, or validation clouds that are trained on or evaluated on.
    """

    label_fraction: float = 1.0
    label_per_class: int | None = None
    train_on: str = "train"
    validation: float | str = 0.0

    def __post_init__(self) -> None:
        if self.label_per_class is not None and self.label_fraction < 1:
            raise ConfigError("pipeline.label_fraction and label_per_class exclude each other; give one of them.")
        if self.train_on == "test":
            raise ConfigError(
                "pipeline.train_on=test would train on the clouds that are evaluated; give another split."
            )
        if not isinstance(self.validation, str):
            return
        if self.validation in ("test", self.train_on):
            raise ConfigError(
                f"pipeline.validation={self.validation} with train_on={self.train_on} would select the epoch on clouds "
                f"that are {'evaluated on later' if self.validation == 'test' else 'trained on'}; give a fraction of "
                "the training clouds, such as 0.2, or another split together with pipeline.train_on=train."
            )
        if self.train_on != "train":
            raise ConfigError(
                f"pipeline.validation={self.validation}, a split, needs pipeline.train_on=train, got {self.train_on}, "
                "which may contain the same clouds; give that, or a fraction of the training clouds, such as 0.2."
            )

    def clouds(self, split: Callable[[str], PointCloudSplit], seed: int) -> LabelledClouds:
        """Draws the clouds.

        Args:
            split: returns a split by its name.
            seed: of the draws.

        Raises:
            ConfigError: a validation split that contains the whole training split, or fewer than two training clouds.
            DataError: no such split, or a class of too few clouds.
        """
        everything = train = split(self.train_on)
        if self.label_per_class is not None:
            train = draw_per_class(train, self.label_per_class, seed)
        elif self.label_fraction < 1:
            train = draw_fraction(train, self.label_fraction, seed)
        labelled = CloudSet(
            self.train_on, len(train), len(everything), per_class=self.label_per_class, fraction=self.label_fraction
        )
        held_out, chosen_on = None, None
        if isinstance(self.validation, str):
            validation = split(self.validation)
            held_out = self._others(validation, everything)
            chosen_on = CloudSet(self.validation, len(held_out), len(validation))
        elif self.validation:  # of the drawn clouds: those that select the epoch need labels, too
            hint = "give pipeline.validation=0, or the name of a split"
            train, held_out = hold_out(train, self.validation, seed, hint)
            chosen_on = replace(labelled, num_clouds=len(held_out), held_out=self.validation)
        if len(train) < 2:
            raise ConfigError(f"Finetuning needs at least two training clouds, got {len(train)}.")
        return LabelledClouds(train, held_out, replace(labelled, num_clouds=len(train)), chosen_on)

    def _others(self, split: PointCloudSplit, seen: PointCloudSplit) -> PointCloudSplit:
        """Returns the validation split without clouds of the training split, which ShapeNetPart's lists repeat."""
        repeated = _repeated(split, seen)
        if len(repeated) in (len(seen), len(split)):
            share = "all" if len(repeated) == len(seen) else "only"
            raise ConfigError(
                f"pipeline.validation={self.validation} would select the epoch on clouds that are trained on: it "
                f"contains {share} clouds of the split {self.train_on}; give another split, or a share of the training "
                "clouds, such as 0.2."
            )
        if not len(repeated):
            return split
        warnings.warn(
            f"{pluralize(len(repeated), 'cloud')} of the split {self.validation}, such as {split.names[repeated[0]]}, "
            f"are also in the split {self.train_on}, and are left out of the validation.",
            ConcluWarning,
            stacklevel=2,
        )
        return split.subset(np.setdiff1d(np.arange(len(split)), repeated))


def _repeated(split: PointCloudSplit, seen: PointCloudSplit) -> np.ndarray:
    """Returns the indices of the clouds that another split has under the same name with the same points."""
    places = {name: place for place, name in enumerate(seen.names)}
    named = [(place, places[name]) for place, name in enumerate(split.names) if name in places]
    same = [place for place, other in named if np.array_equal(split.pos[place], seen.pos[other])]
    return np.array(same, dtype=np.int64)
