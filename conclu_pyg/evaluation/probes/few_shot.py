"""Few-shot classification: K classes, N labelled clouds of each.

The task of `Sharma and Kaul (2020) <https://arxiv.org/abs/2009.14168>`_, measured on a frozen encoder as `OcCo
<https://arxiv.org/abs/2010.01089>`_ and `CrossPoint <https://arxiv.org/abs/2203.00680>`_ do: a linear SVM is trained on
the support clouds and measured on 20 query clouds of each class, averaged over ten draws of classes and clouds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveFloat, PositiveInt, PositiveInts
from conclu_pyg.errors import DataError
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.protocol import Classifier, Episodes
from conclu_pyg.text import pluralize

MAX_NAMED = 10  # classes in a sentence
ADVICE = "choose another data set by dataset.* overrides"


class Draw(NamedTuple):
    """Indices into the pool of support clouds and into the pool of query clouds.

    Shapes:
        - **support:** int64 ``[way * shot]``, **query:** int64 ``[way * queries]``
    """

    support: np.ndarray
    query: np.ndarray


@PROBES.register_module("few-shot")
class FewShotProbe(Probe):
    """Mean accuracy over the draws, for each number of classes and of support clouds.

    Support clouds come from the training split and query clouds from the test split. On the validation part both come
    from the training split, disjoint, as in CrossPoint's published code. Classes that have too few clouds for a number
    of support clouds are not drawn for it, and a note and the protocol say so.

    Args:
        ways: numbers of classes (default: 5 and 10).
        shots: numbers of support clouds of each class (default: 10 and 20).
        queries: query clouds of each class (default: 20).
        num_draws: draws for each value (default: 10).
        C: of the SVM (default: 1).

    Raises:
        ArgumentError: a number below 1, a C that is not finite and above 0, or an empty list.
    """

    title = "few-shot SVM"
    fixed_labels = True

    @validated
    def __init__(
        self,
        ways: PositiveInts = (5, 10),
        shots: PositiveInts = (10, 20),
        queries: PositiveInt = 20,
        num_draws: PositiveInt = 10,
        C: PositiveFloat = 1.0,
    ) -> None:
        self.ways, self.shots, self.queries, self.num_draws, self.C = ways, shots, queries, num_draws, C

    def check(self, splits: ProbeSplits) -> None:
        """Raises DataError if a value needs more classes than have enough clouds."""
        names = splits.train.classes
        for way, shot in product(self.ways, self.shots):
            large = _large_classes(splits, shot, self.queries)
            if len(large) >= way:
                continue
            small = [name for label, name in enumerate(names) if label not in large]
            clouds = (
                f"{shot + self.queries} training clouds ({shot} for the support and {self.queries} others as queries)"
                if splits.one_pool
                else f"{shot} training clouds for the support and {self.queries} test clouds as queries"
            )
            raise DataError(
                f"few-shot needs {way} classes with {clouds} for {way}-way {shot}-shot, got {len(large)}"
                f"{_list_small(splits, small)}; {self._advice(splits)}.",
                got=len(large),
            )

    def _advice(self, splits: ProbeSplits) -> str:
        """Returns the arguments with which these clouds are enough: fewer queries, or else fewer classes and support
        clouds, too."""
        labels = len(splits.train.classes)
        for shots, ways in product(_fewer(self.shots, 1), _fewer(self.ways, labels)):
            for queries in range(self.queries, 0, -1):
                if max(ways) <= len(_large_classes(splits, max(shots), queries)) and min(ways) > 1:
                    chosen = {"ways": [*ways], "shots": [*shots], "queries": queries}
                    given = {"ways": [*self.ways], "shots": [*self.shots], "queries": self.queries}
                    changed = ", ".join(f"{key}: {value}" for key, value in chosen.items() if value != given[key])
                    return f"give --probe '{{name: few-shot, {changed}}}', or {ADVICE}"
        return ADVICE

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        support, query = run.embed(splits.train), run.embed(splits.test)
        if splits.one_pool:
            support = query = Features(*map(np.concatenate, zip(support, query, strict=True)))
        return [
            self._measure(run, splits, support, query, Episodes(way, shot, self.queries, self.num_draws))
            for way in self.ways
            for shot in self.shots
        ]

    def _measure(
        self, run: LoadedRun, splits: ProbeSplits, support: Features, query: Features, episodes: Episodes
    ) -> Result:
        values = []
        classes, total = _large_classes(splits, episodes.shot, episodes.queries), len(splits.train.classes)
        for draw in draw_episodes(support.y, query.y, classes, episodes, run.seed, splits.one_pool):
            svm = make_pipeline(StandardScaler(), SVC(kernel="linear", C=self.C))
            svm.fit(support.x[draw.support].astype(np.float64), support.y[draw.support])
            values.append(100 * float(svm.score(query.x[draw.query], query.y[draw.query])))
        return Result(
            metric=f"accuracy {episodes.way}-way {episodes.shot}-shot",
            value=float(np.mean(values)),
            details={
                "draws": [round(value, 2) for value in values],
                **({"deviation": round(float(np.std(values, ddof=1)), 2)} if len(values) > 1 else {}),
                **({"notes": [_note(splits, classes, episodes)]} if len(classes) < total else {}),
            },
            protocol={
                "classifier": Classifier("linear SVM", standardized=True, C=self.C),
                "episodes": episodes,
                **({"extra": {"classes drawn from": f"{len(classes)} of {total}"}} if len(classes) < total else {}),
            },
        )


def draw_episodes(
    support: np.ndarray, query: np.ndarray, classes: np.ndarray, episodes: Episodes, seed: int, one_pool: bool = False
) -> Iterator[Draw]:
    """Draws classes, and support and query clouds for each of them.

    The draws depend on the labels and the seed alone, so every encoder gets the same ones.

    Args:
        support, query: labels of the clouds to draw from.
        classes: the classes to draw from, each with enough clouds.
        episodes: numbers of classes, clouds and draws.
        seed: of the draws.
        one_pool: support and query are the same clouds; no cloud is then drawn for both (default: no).

    Shapes:
        - **support:** int64 ``[n]``, **query:** int64 ``[m]``, **classes:** int64 ``[k]``
    """
    for number in range(episodes.draws):
        rng = np.random.default_rng([seed, episodes.way, episodes.shot, number])
        drawn = rng.choice(classes, episodes.way, replace=False)
        support_drawn, query_drawn = [], []
        for label in drawn:
            shuffled = rng.permutation(np.flatnonzero(support == label))
            support_drawn.append(shuffled[: episodes.shot])
            rest = shuffled[episodes.shot :] if one_pool else rng.permutation(np.flatnonzero(query == label))
            query_drawn.append(rest[: episodes.queries])
        yield Draw(np.concatenate(support_drawn), np.concatenate(query_drawn))


def _large_classes(splits: ProbeSplits, shot: int, queries: int) -> np.ndarray:
    """Returns the classes with enough clouds for a number of support clouds and queries, int64 ``[k]``."""
    train, test = _counts(splits)
    large = train + test >= shot + queries if splits.one_pool else (train >= shot) & (test >= queries)
    return np.flatnonzero(large)


def _counts(splits: ProbeSplits) -> tuple[np.ndarray, np.ndarray]:
    """Returns the number of training and of test clouds of each class."""
    length = len(splits.train.classes)
    return np.bincount(splits.train.y, minlength=length), np.bincount(splits.test.y, minlength=length)


def _list_small(splits: ProbeSplits, names: Sequence[str]) -> str:
    """Returns classes that have too few clouds, with the numbers of these."""
    train, test = _counts(splits)
    listed = []
    for name in names[:MAX_NAMED]:
        row = list(splits.train.classes).index(name)
        listed.append(f"{name} ({train[row] + test[row] if splits.one_pool else f'{train[row]} + {test[row]}'})")
    rest = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return f"; too few have {', '.join(listed)}{rest}" if listed else ""


def _note(splits: ProbeSplits, classes: np.ndarray, episodes: Episodes) -> str:
    names = splits.train.classes
    small = [name for label, name in enumerate(names) if label not in classes]
    every = pluralize(len(names), "class", "classes")
    drawn = f"{episodes.way}-way {episodes.shot}-shot draws from {len(classes)} of {every}"
    return f"{drawn}{_list_small(splits, small)}."


def _fewer(numbers: Sequence[int], last: int) -> list[Sequence[int]]:
    """Returns the numbers, then without the largest, and so on; in the end ``last`` alone."""
    ordered = sorted(numbers)
    return [numbers, *(ordered[:count] for count in range(len(ordered) - 1, 0, -1)), [last]]
