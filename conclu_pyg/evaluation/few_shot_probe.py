"""Few-shot classification: K classes, N labelled clouds of each.

The task of `Sharma and Kaul (2020) <https://arxiv.org/abs/2009.14168>`_, measured on a frozen encoder as `OcCo
<https://arxiv.org/abs/2010.01089>`_ and `CrossPoint <https://arxiv.org/abs/2203.00680>`_ do: a linear SVM learns the
support clouds and is asked about 20 other clouds of each class, and ten draws of classes and clouds are averaged.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from conclu_pyg.errors import DataError
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, make_record
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import Record

WAYS = (5, 10)  # K
SHOTS = (10, 20)  # N
QUERIES = 20
DRAWS = 10
COST = 1.0


class Draw(NamedTuple):
    """Places in the support's pool and in the queries' pool.

    Shapes:
        - **support:** int64 ``[K * N]``, **query:** int64 ``[K * 20]``
    """

    support: np.ndarray
    query: np.ndarray


def few_shot_probe(run: LoadedRun, splits: ProbeSplits) -> list[Record]:
    """A record for each number of classes and of clouds: the mean accuracy over the draws.

    The support is drawn from the training split and the queries from the test split. On the validation part both are
    drawn, without a cloud in common, from the training split, as CrossPoint's published code draws them.

    Raises:
        ConcluError: features that are not finite, or clouds that :func:`check_few_shot` refuses.
    """
    check_few_shot(splits)
    parts = [run.embed(splits.train), run.embed(splits.held_out)]
    if splits.on == "validation":
        parts = [Features(*map(np.concatenate, zip(*parts, strict=True)))] * 2
    return [_record(run, splits, parts[0], parts[1], way, shot) for way in WAYS for shot in SHOTS]


def check_few_shot(splits: ProbeSplits) -> None:
    """Refuses splits from which the largest of the tasks cannot be drawn.

    Raises:
        DataError: too few classes, or a class of too few clouds.
    """
    labels = [splits.train.y, splits.held_out.y]
    one_pool = splits.on == "validation"
    support, query = [np.concatenate(labels)] * 2 if one_pool else labels
    check_pools(support, query, splits.train.classes, one_pool)


def check_pools(support: np.ndarray, query: np.ndarray, classes: list[str], one_pool: bool) -> None:
    """Refuses labels from which the largest of the tasks cannot be drawn.

    Args:
        support, query: the labels of the clouds to draw from.
        classes: the name of each.
        one_pool: whether they are the same clouds.

    Raises:
        DataError: too few classes, or a class of too few clouds.
    """
    way, shot = max(WAYS), max(SHOTS)
    if len(classes) < way:
        raise DataError(
            f"few-shot tells up to {way} classes apart, and this data set has {len(classes)}; choose another one by "
            "dataset.* overrides, such as dataset.dataset_path=..."
        )
    pools = (
        [("training", support, shot + QUERIES, f"{shot} to learn and {QUERIES} others")]
        if one_pool
        else [("training", support, shot, f"{shot} to learn"), ("test", query, QUERIES, f"{QUERIES} to be asked about")]
    )
    for name, labels, wanted, words in pools:
        counts = np.bincount(labels, minlength=len(classes))
        if counts.min() < wanted:
            raise DataError(
                f"few-shot needs {wanted} {name} clouds of each class, {words}, and {classes[counts.argmin()]} has "
                f"{counts.min()}; choose another data set by dataset.* overrides."
            )


def draws(
    support: np.ndarray, query: np.ndarray, num_classes: int, way: int, shot: int, seed: int, one_pool: bool = False
) -> Iterator[Draw]:
    """Draws classes, and for each of them clouds to learn from and clouds to ask about.

    They depend on the labels and on the seed alone, so that every encoder is asked the same.

    Args:
        support, query: the labels of the clouds to draw from.
        num_classes: how many classes there are.
        way, shot: the number of classes and of clouds of each to learn from.
        seed: rules the draws.
        one_pool: whether support and query are the same clouds (default: false); no cloud is then drawn for both.
    """
    for number in range(DRAWS):
        rng = np.random.default_rng([seed, way, shot, number])
        chosen = rng.choice(num_classes, way, replace=False)
        learnt, asked = [], []
        for label in chosen:
            mixed = rng.permutation(np.flatnonzero(support == label))
            learnt.append(mixed[:shot])
            left = mixed[shot:] if one_pool else rng.permutation(np.flatnonzero(query == label))
            asked.append(left[:QUERIES])
        yield Draw(np.concatenate(learnt), np.concatenate(asked))


def _record(run: LoadedRun, splits: ProbeSplits, support: Features, query: Features, way: int, shot: int) -> Record:
    began = time.perf_counter()
    classes, one_pool = splits.train.classes, splits.on == "validation"
    values = []
    for draw in draws(support.y, query.y, len(classes), way, shot, run.seed, one_pool):
        machine = make_pipeline(StandardScaler(), SVC(kernel="linear", C=COST))
        machine.fit(support.x[draw.support].astype(np.float64), support.y[draw.support])
        values.append(100 * float(machine.score(query.x[draw.query], query.y[draw.query])))
    num_points = splits.train.pos.shape[1]
    asked = "others of the training split" if one_pool else "clouds of the test split"
    return make_record(
        run,
        task="few_shot",
        metric=f"accuracy {way}-way {shot}-shot",
        value=float(np.mean(values)),
        protocol=(
            f"{way}-way {shot}-shot: linear SVM with C = {COST:g} on the standardised pooled features of the frozen "
            f"encoder, {num_points:,} points of each clean cloud; trained on {shot} clouds of the training split of "
            f"each of {way} random classes, measured on {QUERIES} {asked} of each; mean of {DRAWS} draws by the run's "
            f"seed"
        ),
        seconds=time.perf_counter() - began,
        details={
            "on": splits.on,
            "num_points": num_points,
            "way": way,
            "shot": shot,
            "c": COST,
            "draws": [round(value, 2) for value in values],
            "deviation": round(float(np.std(values, ddof=1)), 2),
        },
    )


FEW_SHOT = Probe("few-shot SVM", few_shot_probe, own_labels=True, check=check_few_shot)
