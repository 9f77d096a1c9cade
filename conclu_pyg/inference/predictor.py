"""Predictions of a run's model for single clouds of any size."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import Compose

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.groups import groups_of
from conclu_pyg.io.subset import subset
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.tasks.base import Task
from conclu_pyg.tasks.predict import VOTE_VIEWS, Voting, predict_subsets
from conclu_pyg.transforms import compose, compose_for_axis

BATCH_SIZE = 32  # clouds that are classified at a time


class Classified(NamedTuple):
    """The class of one cloud.

    Attributes:
        probabilities: of each class.
        features: the pooled features that they were computed from; ``None`` if these are unknown.

    Shapes:
        - **probabilities:** float32 ``[classes]``, **features:** float32 ``[C]``
    """

    probabilities: np.ndarray
    features: np.ndarray | None = None


@dataclass(frozen=True)
class Predictor:
    """A model with the preparation of its clouds.

    To label its points, a cloud is prepared as a whole and then split at random into subsets of the training size, each
    of which is a sparser copy of the cloud. To classify it, one random choice of as many points is used, as in the
    training.

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

    def label_points(self, pos: np.ndarray, category: int) -> np.ndarray:
        """Returns the predicted part of each point of a cloud of a known class.

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
        """Returns the probability of each class for a cloud, of which at most ``num_points`` points are used.

        Shapes:
            - **pos:** ``[m, 3]``, **output:** float32 ``[classes]``

        Raises:
            ConcluError: a score is not finite.
        """
        points = self._prepared(subset(pos, self.num_points, self.seed)).pos
        found: list[Tensor] = []
        predict_subsets(
            self.model, points, torch.arange(len(points))[None], self.device,
            lambda _, probabilities: found.append(probabilities), voting=self.voting,
        )  # fmt: skip
        return found[0][0].numpy()

    def classify_many(self, clouds: Sequence[np.ndarray]) -> list[Classified | ConcluError]:
        """Returns for each cloud what :meth:`classify` returns, with the features, or its error; in batches.

        Shapes:
            - **clouds:** ``[m_i, 3]`` each
        """
        found: list[Classified | None] = [None] * len(clouds)
        if self.voting.votes == 1:  # other views would depend on the order of the clouds
            with contextlib.suppress(ConcluError):  # of one cloud: each is tried alone below
                found = self._classify_together(clouds)
        return [self._attempt(pos) if row is None else row for row, pos in zip(found, clouds, strict=True)]

    @torch.inference_mode()
    def _classify_together(self, clouds: Sequence[np.ndarray]) -> list[Classified | None]:
        """Returns ``None`` for a cloud whose scores are not finite."""
        found: list[Classified | None] = [None] * len(clouds)
        by_size: dict[int, list[tuple[int, Tensor]]] = defaultdict(list)
        for row, pos in enumerate(clouds):
            points = self._prepared(subset(pos, self.num_points, self.seed)).pos
            by_size[len(points)].append((row, points))
        for group in chain.from_iterable(groups_of(some, BATCH_SIZE) for some in by_size.values()):
            y = torch.zeros(len(group), dtype=torch.long)  # unknown
            batch = batch_clouds(torch.stack([points for _, points in group]), y=y).to(self.device)
            logits, features = self.model.logits_and_features(batch)
            probabilities = self.model.log_probabilities(logits, batch).exp().cpu().numpy()
            x = None if features is None else features.float().cpu().numpy()
            for place, (row, _) in enumerate(group):
                if np.isfinite(probabilities[place]).all():
                    found[row] = Classified(probabilities[place], None if x is None else x[place])
        return found

    def _attempt(self, pos: np.ndarray) -> Classified | ConcluError:
        try:
            return Classified(self.classify(pos))
        except ConcluError as error:
            return error

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
