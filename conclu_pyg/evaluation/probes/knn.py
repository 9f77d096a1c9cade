"""Nearest neighbors as a probe: nothing is trained, so it measures the features as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInts
from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.cross_validation import Accuracy, accuracy_of
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.protocol import Classifier

GRID = (1, 3, 5, 10, 20, 50)


@dataclass(frozen=True)
class KNNResult:
    """Accuracy of a vote of nearest neighbors.

    Attributes:
        accuracy: on the test features.
        k: number of neighbors that vote.
        leave_one_out: accuracy with this k on the training features, each without itself, in percent.
    """

    accuracy: Accuracy
    k: int
    leave_one_out: float


@PROBES.register_module("knn")
class KNNProbe(Probe):
    """Accuracy of a vote of the nearest neighbors by cosine similarity.

    Args:
        grid: values of k (default: 1 to 50).

    Raises:
        ArgumentError: a k below 1, or an empty grid.
    """

    title = "nearest neighbors"

    @validated
    def __init__(self, grid: PositiveInts = GRID) -> None:
        self.grid = grid

    def check(self, splits: ProbeSplits) -> None:
        check_neighbors(len(splits.train), self.grid)

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        classes = splits.train.classes
        found = vote_of_neighbors(run.embed(splits.train), run.embed(splits.test), len(classes), self.grid)
        details = {
            "k": found.k,
            "leave_one_out": round(found.leave_one_out, 2),
            "per_class": found.accuracy.by_name(classes),
        }
        grid = None if tuple(self.grid) == tuple(GRID) else tuple(self.grid)
        classifier = Classifier("vote of the k nearest by cosine", selected="k", selected_by="leave-one-out", grid=grid)
        return [Result("accuracy", found.accuracy.total, details, {"classifier": classifier})]


def check_neighbors(count: int, grid: Sequence[int]) -> None:
    """Checks that there are enough training clouds to leave one out and find ``k`` others.

    Raises:
        ConcluError: ``count`` is below 2, or not above any k of the grid.
    """
    if count <= min(grid) and count >= 2:
        raise ConcluError(
            f"the smallest k, {min(grid)}, needs at least {min(grid) + 1} training clouds, got {count}.", got=count
        )
    if count < 2:
        raise ConcluError(
            f"selecting k by leaving one training cloud out needs at least two clouds, got {count}.", got=count
        )


def vote_of_neighbors(train: Features, test: Features, num_classes: int, grid: Sequence[int] = GRID) -> KNNResult:
    """Predicts the majority class of the k nearest training clouds.

    k is the value of ``grid`` that predicts most training clouds from the others; the smallest one of equals. If
    several classes have equally many votes, the one with the nearest cloud wins.

    Args:
        train: features and labels of the neighbors; k is selected on them alone.
        test: features and labels to measure on.
        num_classes: number of classes.
        grid: values of k (default: 1 to 50).

    Raises:
        ConcluError: a single training cloud.
    """
    count = len(train.y)
    check_neighbors(count, grid)
    grid = [k for k in grid if k < count]
    index = NearestNeighbors(n_neighbors=max(grid), metric="cosine").fit(_unit(train.x))
    left_out = _votes(train.y[index.kneighbors(return_distance=False)], grid, num_classes)
    scores = {k: float((left_out[k] == train.y).mean()) for k in grid}
    k = max(grid, key=lambda k: (scores[k], -k))
    predicted = _votes(train.y[index.kneighbors(_unit(test.x), k, return_distance=False)], [k], num_classes)[k]
    return KNNResult(accuracy_of(predicted, test.y, num_classes), k, 100 * scores[k])


def _unit(x: np.ndarray) -> np.ndarray:
    """Returns vectors of length 1; scikit-learn itself takes very short ones for zero. Zero vectors stay zero; their
    similarity to everything is 0."""
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def _votes(labels: np.ndarray, grid: Sequence[int], num_classes: int) -> dict[int, np.ndarray]:
    """Returns the majority class among the first k labels of each row, for each k.

    Shapes:
        - **labels:** int64 ``[m, max(grid)]``, nearest first; **output:** int64 ``[m]`` for each
    """
    rows, most = np.arange(len(labels)), labels.shape[1]
    votes = np.zeros((len(labels), num_classes), dtype=np.int64)
    first = np.full_like(votes, most)  # rank of the nearest neighbor of each class
    winners = {}
    for rank in range(most):
        label = labels[:, rank]
        votes[rows, label] += 1
        first[rows, label] = np.minimum(first[rows, label], rank)
        if rank + 1 in grid:
            winners[rank + 1] = (votes * (most + 1) - first).argmax(axis=1)  # a vote outweighs every rank
    return winners
