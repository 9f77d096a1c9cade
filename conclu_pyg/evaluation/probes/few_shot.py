"""Few-shot classification: K classes, N labelled clouds of each.

The task of `Sharma and Kaul (2020) <https://arxiv.org/abs/2009.14168>`_, measured on a frozen encoder as `OcCo
<https://arxiv.org/abs/2010.01089>`_ and `CrossPoint <https://arxiv.org/abs/2203.00680>`_ do: a linear SVM is trained on
the support clouds and measured on 20 query clouds of each class, averaged over ten draws of classes and clouds.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    from the training split, disjoint, as in CrossPoint's published code.

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
        """Raises DataError if there are too few classes, or a class has too few clouds."""
        classes, way, shot = splits.train.classes, max(self.ways), max(self.shots)
        if len(classes) < way:
            raise DataError(
                f"few-shot needs at least {way} classes, got {len(classes)}; choose another data set by dataset.* "
                "overrides, such as dataset.dataset_path=...",
                got=len(classes),
            )
        train, test = splits.train.y, splits.test.y
        pools = [("training", train, shot, f"{shot} for the support"), ("test", test, self.queries, "as queries")]
        if splits.one_pool:
            facts = f"{shot} for the support and {self.queries} others as queries"
            pools = [("training", np.concatenate([train, test]), shot + self.queries, facts)]
        for name, labels, needed, facts in pools:
            counts = np.bincount(labels, minlength=len(classes))
            if counts.min() < needed:
                raise DataError(
                    f"few-shot needs {needed} {name} clouds of each class ({facts}), got {counts.min()} of "
                    f"{classes[counts.argmin()]}; choose another data set by dataset.* overrides.",
                    got=int(counts.min()),
                )

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
        num_classes = len(splits.train.classes)
        for draw in draw_episodes(support.y, query.y, num_classes, episodes, run.seed, splits.one_pool):
            svm = make_pipeline(StandardScaler(), SVC(kernel="linear", C=self.C))
            svm.fit(support.x[draw.support].astype(np.float64), support.y[draw.support])
            values.append(100 * float(svm.score(query.x[draw.query], query.y[draw.query])))
        return Result(
            metric=f"accuracy {episodes.way}-way {episodes.shot}-shot",
            value=float(np.mean(values)),
            details={
                "draws": [round(value, 2) for value in values],
                **({"deviation": round(float(np.std(values, ddof=1)), 2)} if len(values) > 1 else {}),
            },
            protocol={
                "classifier": Classifier("linear SVM", standardized=True, C=self.C),
                "episodes": episodes,
            },
        )


def draw_episodes(
    support: np.ndarray, query: np.ndarray, num_classes: int, episodes: Episodes, seed: int, one_pool: bool = False
) -> Iterator[Draw]:
    """Draws classes, and support and query clouds for each of them.

    The draws depend on the labels and the seed alone, so every encoder gets the same ones.

    Args:
        support, query: labels of the clouds to draw from.
        num_classes: number of classes.
        episodes: numbers of classes, clouds and draws.
        seed: of the draws.
        one_pool: support and query are the same clouds; no cloud is then drawn for both (default: no).

    Shapes:
        - **support:** int64 ``[n]``, **query:** int64 ``[m]``
    """
    for number in range(episodes.draws):
        rng = np.random.default_rng([seed, episodes.way, episodes.shot, number])
        classes = rng.choice(num_classes, episodes.way, replace=False)
        support_drawn, query_drawn = [], []
        for label in classes:
            shuffled = rng.permutation(np.flatnonzero(support == label))
            support_drawn.append(shuffled[: episodes.shot])
            rest = shuffled[episodes.shot :] if one_pool else rng.permutation(np.flatnonzero(query == label))
            query_drawn.append(rest[: episodes.queries])
        yield Draw(np.concatenate(support_drawn), np.concatenate(query_drawn))
