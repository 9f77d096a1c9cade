"""Predictions of a run's model for single clouds of any size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import Compose

from conclu_pyg.errors import ConfigError
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.tasks.base import Task
from conclu_pyg.tasks.predict import VOTE_VIEWS, Voting, predict_subsets
from conclu_pyg.transforms import compose, compose_for_axis

MAX_CLASS_SUBSETS = 10  # that a class is averaged over


class CloudLabels(NamedTuple):
    """The labels of one cloud.

    Attributes:
        labels: the part of each point, or the class, repeated for each point.
        category: the class.
        probability: of the class; ``None`` if it was given.

    Shapes:
        - **labels:** int64 ``[m]``
    """

    labels: np.ndarray
    category: int
    probability: float | None


@dataclass(frozen=True)
class Predictor:
    """A model with the preparation of its clouds.

    A cloud is prepared as a whole and then split at random into subsets of the training size, each of which is a
    sparser copy of the cloud.

    Args:
        model: the model, in evaluation mode.
        prepare: the transform of each cloud: normalisation, and the change of the up axis to that of the training.
        num_points: the number of points of a subset.
        device: where the model is.
        seed: seed of the random split (default: 0).
        voting: test-time augmentation (default: none).
    """

    model: Task
    prepare: Compose
    num_points: int
    device: torch.device
    seed: int = 0
    voting: Voting = field(default_factory=Voting)

    def predict(self, pos: np.ndarray, category: int) -> CloudLabels:
        """Predicts the labels of a cloud.

        Args:
            pos: the points.
            category: the class of the cloud; a model that does not require it predicts it instead.

        Shapes:
            - **pos:** ``[m, 3]``

        Raises:
            ConfigError: the model labels points, and ``prepare`` drops some of them.
            ConcluError: a score is not finite.
        """
        if self.model.requires_category:
            return CloudLabels(self.label_points(pos, category), category, None)
        probability = self.classify(pos)
        found = int(probability.argmax())
        return CloudLabels(np.full(len(pos), found), found, float(probability[found]))

    def label_points(self, pos: np.ndarray, category: int) -> np.ndarray:
        """Returns the predicted part of each point.

        Shapes:
            - **pos:** ``[m, 3]``, **output:** int64 ``[m]``

        Raises:
            ConfigError: ``prepare`` drops points, which would have no label.
            ConcluError: a score is not finite.
        """
        prepared = self._prepared(pos)
        kept = torch.zeros(len(pos), dtype=torch.bool)
        kept[prepared.index] = True
        missing = int((~kept).sum())
        if missing:
            raise ConfigError(
                f"dataset.transform drops {missing:,} of the {len(pos):,} points of a cloud, but each needs a label; "
                "train with a dataset.transform that keeps all points."
            )
        labels = torch.empty(len(pos), dtype=torch.long)

        def assign(indices: Tensor, probabilities: Tensor) -> None:
            labels[prepared.index[indices.flatten()]] = probabilities.argmax(dim=1)

        subsets = self._subsets(len(prepared.pos))
        predict_subsets(self.model, prepared.pos, subsets, self.device, assign, y=category, voting=self.voting)
        return labels.numpy()

    def classify(self, pos: np.ndarray) -> np.ndarray:
        """Returns the probability of each class, averaged over at most 10 subsets.

        Shapes:
            - **pos:** ``[m, 3]``, **output:** float32 ``[classes]``

        Raises:
            ConcluError: a score is not finite.
        """
        points = self._prepared(pos).pos
        subsets = self._subsets(len(points))[:MAX_CLASS_SUBSETS]
        found: list[Tensor] = []
        predict_subsets(
            self.model, points, subsets, self.device, lambda _, probabilities: found.append(probabilities),
            voting=self.voting,
        )  # fmt: skip
        return torch.cat(found).mean(dim=0).numpy()

    def _prepared(self, pos: np.ndarray) -> Data:
        """Returns the prepared cloud with ``index``: for each of its points the index of the same point in ``pos``."""
        points = torch.from_numpy(np.ascontiguousarray(pos, dtype=np.float32))
        prepared = self.prepare(Data(pos=points, index=torch.arange(len(pos))))
        index = prepared.get("index")
        if index is None or len(index) != len(prepared.pos):
            raise ConfigError(
                "dataset.transform does not keep track of the points: its steps must apply to every attribute that has "
                "a value per point, as those of conclu_pyg.transforms do."
            )
        return prepared

    def _subsets(self, size: int) -> Tensor:
        return random_partition(size, self.num_points, torch.Generator().manual_seed(self.seed))


def make_predictor(
    run: LoadedRun, *, up: str | None = None, num_points: int | None = None, votes: int = 1
) -> Predictor:
    """Makes the predictor of a run.

    Args:
        run: a run that was trained on labels.
        up: the up axis of the clouds, ``x``, ``y`` or ``z`` (default: that of the data set of the run).
        num_points: the number of points of a subset (default: that of the training clouds).
        votes: the number of copies of each subset to average over (default: 1, no augmentation).
    """
    source = input_up_axis(run, up)
    return Predictor(
        run.method.to(run.device).eval(),
        compose_for_axis(run.transform, source, run.up_axis),
        run.checkpoint.num_points if num_points is None else num_points,
        run.device,
        run.seed,
        Voting(votes, compose(VOTE_VIEWS, up_axis=run.up_axis), run.seed),
    )


def input_up_axis(run: LoadedRun, up: str | None) -> int:
    """Returns the up axis of input clouds, 0 to 2: ``up``, or that of the data set of the run."""
    return run.data_axis if up is None else "xyz".index(up)


def describe_up_axis(run: LoadedRun, up: str | None) -> str:
    """Returns a sentence with the up axis of input clouds, where it comes from, and the axis the model expects."""
    axis = input_up_axis(run, up)
    source = "as in the training data" if up is None else "as given"
    rotated = "" if axis == run.up_axis else f"; rotated to {'xyz'[run.up_axis]} up for the model"
    return f"up axis of the clouds: {'xyz'[axis]} ({source}){rotated}"


def random_partition(size: int, num_points: int, generator: torch.Generator) -> Tensor:
    """Splits the points of a cloud at random into subsets of equal size. The last subset is filled up with points of
    others.

    Args:
        size: the number of points of the cloud; at most ``num_points`` make a single subset of all points.
        num_points: the number of points of a subset.
        generator: of the random order.

    Shapes:
        - **output:** int64 ``[subsets, min(size, num_points)]``; contains every index at least once
    """
    subset_size = min(size, num_points)
    order = torch.randperm(size, generator=generator)
    missing = -size % subset_size
    return torch.cat([order, order[:missing]]).view(-1, subset_size)
