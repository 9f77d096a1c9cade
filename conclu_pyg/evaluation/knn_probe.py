"""The nearest neighbours as a probe: nothing is trained, so that it shows the features as they are."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.cross_validation import accuracy_of, rounded
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, make_record
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import Record

GRID = (1, 3, 5, 10, 20, 50)
ROWS = 1024  # at a time: the similarities of so many clouds to all


@dataclass(frozen=True)
class KNNResult:
    """What the nearest neighbours reached.

    Attributes:
        accuracy: on the features held out, in percent.
        per_class: the same for each class, NaN where none is held out.
        k: how many neighbours vote, of :data:`GRID`.
        leave_one_out: accuracy with so many on the training features, each without itself, in percent.
    """

    accuracy: float
    per_class: list[float]
    k: int
    leave_one_out: float


def knn_probe(run: LoadedRun, splits: ProbeSplits) -> list[Record]:
    """One record: the accuracy of the nearest neighbours on the pooled features of the frozen encoder.

    Raises:
        ConcluError: features that are not finite, or a single training cloud.
    """
    began = time.perf_counter()
    train = splits.train
    check_neighbours(len(train))  # before the features, which take longer
    result = nearest_neighbours(run.embed(train), run.embed(splits.held_out), len(train.classes))
    num_points = train.pos.shape[1]
    record = make_record(
        run,
        task="knn",
        metric="accuracy",
        value=result.accuracy,
        protocol=(
            f"majority of the k nearest by the cosine of the pooled features of the frozen encoder, {num_points:,} "
            f"points of each clean cloud; neighbours among {splits.train_in_words}, k by leaving one out there; "
            f"measured on {splits.held_out_in_words}"
        ),
        seconds=time.perf_counter() - began,
        details={
            **splits.details,
            "num_points": num_points,
            "k": result.k,
            "leave_one_out": round(result.leave_one_out, 2),
            "per_class": rounded(train.classes, result.per_class),
        },
    )
    return [record]


def check_neighbours(count: int) -> None:
    """Refuses a single training cloud.

    Raises:
        ConcluError: ``count`` is below 2.
    """
    if count < 2:
        raise ConcluError(f"k is chosen by leaving one training cloud out, which needs two at least; found {count}.")


def nearest_neighbours(train: Features, test: Features, num_classes: int) -> KNNResult:
    """Predicts the class that most of the k nearest training clouds have, k being that of :data:`GRID` which predicts
    most training clouds from the others; of equal ones, the smallest. Where several classes have as many votes, the one
    with the nearest cloud wins.

    Args:
        train: features and labels of the neighbours; the choice of k sees nothing else.
        test: features and labels to measure on.
        num_classes: how many classes there are.

    Raises:
        ConcluError: a single training cloud.
    """
    count = len(train.y)
    check_neighbours(count)
    grid = [k for k in GRID if k < count]
    unit, asked = _unit(train.x), _unit(test.x)
    left_out = _votes(train.y[_nearest(unit, unit, grid[-1], leave_out=True)], grid, num_classes)
    scores = {k: float((left_out[k] == train.y).mean()) for k in grid}
    k = max(grid, key=lambda k: (scores[k], -k))
    accuracy = accuracy_of(_votes(train.y[_nearest(asked, unit, k)], [k], num_classes)[k], test.y, num_classes)
    return KNNResult(accuracy.total, accuracy.per_class, k, 100 * scores[k])


def _unit(x: np.ndarray) -> np.ndarray:
    """Vectors of length 1; 0 stays 0, and is as like one as another."""
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def _nearest(asked: np.ndarray, unit: np.ndarray, k: int, leave_out: bool = False) -> np.ndarray:
    """The places of the k rows of ``unit`` that are most like each row of ``asked``, the nearest first; where these are
    the same rows, without itself.

    Shapes:
        - **asked:** ``[m, C]``, **unit:** ``[n, C]``, **output:** int64 ``[m, k]``
    """
    places = []
    for start in range(0, len(asked), ROWS):
        likeness = asked[start : start + ROWS] @ unit.T
        if leave_out:
            rows = np.arange(len(likeness))
            likeness[rows, start + rows] = -np.inf
        best = np.argpartition(-likeness, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(likeness, best, axis=1), axis=1, kind="stable")
        places.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(places)


def _votes(labels: np.ndarray, grid: list[int], num_classes: int) -> dict[int, np.ndarray]:
    """The class of most votes among the first k labels of each row, for each k.

    Shapes:
        - **labels:** int64 ``[m, max(grid)]``, nearest first; **output:** int64 ``[m]`` for each
    """
    rows, most = np.arange(len(labels)), labels.shape[1]
    votes = np.zeros((len(labels), num_classes), dtype=np.int64)
    first = np.full_like(votes, most)  # at which place a class comes first
    chosen = {}
    for place in range(most):
        label = labels[:, place]
        votes[rows, label] += 1
        first[rows, label] = np.minimum(first[rows, label], place)
        if place + 1 in grid:
            chosen[place + 1] = (votes * (most + 1) - first).argmax(axis=1)  # a vote outweighs every place
    return chosen


KNN = Probe("nearest neighbours", knn_probe)
