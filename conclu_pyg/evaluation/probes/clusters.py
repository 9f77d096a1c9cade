"""Agreement of clusters with the classes: those of the method, or of k-means on the features."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix
from threadpoolctl import threadpool_limits

from conclu_pyg.arguments import validated
from conclu_pyg.data.map_split import map_split
from conclu_pyg.errors import ConfigError
from conclu_pyg.evaluation.cross_validation import Scaling
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.methods.base import clusters_of
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.loaded_run import LoadedRun

RESTARTS = 10  # of k-means, from other centres


def assign_clusters(run: LoadedRun, splits: ProbeSplits) -> np.ndarray:
    """Returns the log-probability of each cluster for each test cloud.

    Shapes:
        - **output:** ``[n, num_clusters]``
    """
    return map_split(run.method, run.method.assign, splits.test, run.device, batch_size=64)


def purity_score(classes: np.ndarray, clusters: np.ndarray) -> float:
    """Returns the share of clouds that are in the most frequent class of their cluster, from 0 to 1.

    Shapes:
        - **classes**, **clusters:** int ``[n]``
    """
    counts = contingency_matrix(classes, clusters)
    return float(counts.max(axis=0).sum() / counts.sum())


SCORES = {"NMI": normalized_mutual_info_score, "ARI": adjusted_rand_score, "purity": purity_score}


@PROBES.register_module("clusters")
class ClustersProbe(Probe):
    """Normalised mutual information (NMI), adjusted Rand index (ARI) and purity of clusters and classes of test clouds.

    No labels are used to make the clusters. ARI is about 0 for random assignments; NMI and purity rise with the number
    of clusters, so compare equal numbers.

    Args:
        kmeans: groups the standardised features of the test clouds by k-means into so many clusters, for any method
            (default: the clusters of the method).

    Raises:
        ArgumentError: ``kmeans`` is below 2.
    """

    title = "clusters"
    fixed_labels = True

    @validated
    def __init__(self, kmeans: Annotated[int, Ge(2)] | None = None) -> None:
        self.kmeans = kmeans

    def check(self, splits: ProbeSplits) -> None:
        """Raises ConfigError if there are fewer test clouds than clusters of k-means."""
        if self.kmeans is not None and self.kmeans > len(splits.test):
            raise ConfigError(
                f"the probe clusters needs at least kmeans={self.kmeans} test clouds, got {len(splits.test)}; give "
                "fewer clusters.",
                argument="kmeans",
                got=self.kmeans,
            )

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        """Raises ConfigError if the method has no clusters and no number for k-means was given."""
        if self.kmeans is None:
            clusters, number, protocol = *self._own(run, splits), {}
        else:
            clusters, number = self._by_features(run, splits, self.kmeans), self.kmeans
            protocol = {"extra": {"clusters": f"{number} of k-means on the standardised features of the test clouds"}}
        details = {"clusters": number, "used": len(np.unique(clusters))}
        values = {name: 100 * float(score(splits.test.y, clusters)) for name, score in SCORES.items()}
        return [Result(name, value, details, protocol) for name, value in values.items()]

    @staticmethod
    def _own(run: LoadedRun, splits: ProbeSplits) -> tuple[np.ndarray, int]:
        method = clusters_of(run.method)
        if method is None:
            raise ConfigError(
                f"the probe clusters needs a method with clusters, such as ConClu, got {type(run.method).__name__}; "
                "group its features by '{name: clusters, kmeans: 32}'.",
                got=type(run.method).__name__,
            )
        return assign_clusters(run, splits).argmax(axis=1), method.num_clusters

    @staticmethod
    def _by_features(run: LoadedRun, splits: ProbeSplits, number: int) -> np.ndarray:
        x = run.embed(splits.test).x
        with threadpool_limits(1):  # sums in another order would change the clusters
            return KMeans(number, n_init=RESTARTS, random_state=run.seed).fit_predict(Scaling(x)(x))
