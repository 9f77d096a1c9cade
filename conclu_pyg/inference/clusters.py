"""Clusters of clouds: of an index by k-means or HDBSCAN, or the prototypes of a trained run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.transforms import Compose

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.map_split import map_split
from conclu_pyg.errors import ArgumentError, ConfigError, DataError
from conclu_pyg.methods.base import clusters_of
from conclu_pyg.pipelines.views import compose_views
from conclu_pyg.runs.loaded_run import LoadedRun

Algorithm = Literal["kmeans", "hdbscan"]
SMALLEST = {"kmeans": 2, "hdbscan": 5}  # numbers of clouds; of HDBSCAN also the default of its smallest cluster
NOISE = -1  # the cluster of clouds that HDBSCAN leaves out
COMPONENTS = 32  # of the principal components that HDBSCAN sees: it finds little in a thousand dimensions
RESTARTS = 4
STABILITY_RUNS = 4
STABLE = 0.5  # adjusted Rand index from which on two runs of k-means find about the same clusters
VIEW_CLOUDS = 512  # whose two views are compared
CHANCE_FACTOR = 2.0  # an agreement of views below this multiple of chance says that prototypes ignore the shape


@dataclass(frozen=True)
class Clusters:
    """The cluster of each cloud.

    Attributes:
        names: the name of each cloud.
        cluster: the cluster of each cloud; 0 is the largest, and -1 are the clouds of no cluster.
        confidence: for k-means the similarity to the centre, from -1 to 1; for HDBSCAN and prototypes the probability
            of the cluster.
        method: ``kmeans``, ``hdbscan`` or ``prototypes``.
        details: figures about the clusters as a whole, such as ``stability``.
        warnings: sentences about clusters that are not to be relied on.

    Shapes:
        - **cluster:** int64 ``[n]``, **confidence:** float64 ``[n]``
    """

    names: Sequence[str]
    cluster: np.ndarray
    confidence: np.ndarray
    method: str
    details: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The number of clusters that have clouds."""
        return int(self.cluster.max(initial=-1)) + 1

    def members(self, cluster: int) -> np.ndarray:
        """Returns the clouds of a cluster, the most confident first, int64 ``[m]``."""
        return members_of(self.cluster, self.confidence, cluster)

    def purity(self, labels: Sequence[str]) -> list[tuple[str, float]]:
        """Returns the most frequent label of each cluster, and its share.

        Args:
            labels: the label of each cloud; empty where it has none.
        """
        return [purity([labels[row] for row in self.members(cluster)]) for cluster in range(self.count)]


def members_of(group: np.ndarray, confidence: np.ndarray, number: int) -> np.ndarray:
    """Returns the clouds of a group, the most confident first, int64 ``[m]``.

    Args:
        group: the group of each cloud.
        confidence: of each cloud in its group.
        number: the group.

    Shapes:
        - **group:** int ``[n]``, **confidence:** ``[n]``
    """
    rows = np.flatnonzero(group == number)
    return rows[np.argsort(-confidence[rows], kind="stable")]


def purity(labels: Sequence[str]) -> tuple[str, float]:
    """Returns the most frequent label and its share of those that are not empty; an empty label if there are none."""
    names, counts = np.unique([label for label in labels if label], return_counts=True)
    if not len(names):
        return "", 0.0
    return str(names[counts.argmax()]), float(counts.max() / counts.sum())


def cluster_embeddings(
    names: Sequence[str], unit: np.ndarray, algorithm: Algorithm = "kmeans", k: int | None = None, seed: int = 0
) -> Clusters:
    """Finds clusters of standardised embeddings.

    k-means runs on the unit vectors, so that it compares directions. HDBSCAN (Campello et al., 2013) runs on 32
    principal components and finds the number of clusters itself; clouds of no dense region are in no cluster.

    Args:
        names: the name of each cloud.
        unit: standardised embeddings of length 1 (:attr:`conclu_pyg.inference.index.Index.unit`).
        algorithm: ``kmeans`` or ``hdbscan`` (default: kmeans).
        k: for k-means the number of clusters (default: the square root of half the number of clouds, 2 to 50), for
            HDBSCAN the size of the smallest cluster (default: 5).
        seed: of k-means and of the principal components (default: 0).

    Shapes:
        - **unit:** ``[n, C]``

    Raises:
        ArgumentError: there are fewer clouds than clusters, or ``k`` is below 2.
    """
    if algorithm not in ALGORITHMS:
        raise ArgumentError(f"expected one of {', '.join(ALGORITHMS)}, got {algorithm!r}.", argument="algorithm")
    if k is not None and k < 2:
        raise ArgumentError(f"k must be >= 2, got {k}.", argument="k", got=k)
    fewest = k or SMALLEST[algorithm]
    if len(unit) < fewest:
        remedy = "lower k" if k is not None and len(unit) >= 2 else "add clouds"
        raise ArgumentError(
            f"expected at least {fewest} clouds to cluster, got {len(unit)}; {remedy}.", argument="k", got=len(unit)
        )
    return ALGORITHMS[algorithm](names, unit, k, seed)


def _kmeans(names: Sequence[str], unit: np.ndarray, k: int | None, seed: int) -> Clusters:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    k = default_k(len(unit)) if k is None else k
    runs = [KMeans(k, n_init=RESTARTS, random_state=seed + run).fit(unit) for run in range(STABILITY_RUNS)]
    first = runs[0]
    centers = first.cluster_centers_ / np.linalg.norm(first.cluster_centers_, axis=1, keepdims=True).clip(min=1e-12)
    confidence = (unit * centers[first.labels_]).sum(axis=1, dtype=np.float64)
    stability = float(np.mean([adjusted_rand_score(first.labels_, other.labels_) for other in runs[1:]]))
    warnings = []
    if stability < STABLE:
        warnings.append(
            f"other seeds of k-means give other clusters (adjusted Rand index {stability:.2f}, where 1 is the same and "
            f"0 is chance): the clouds do not fall into {k} clear groups; try another k, or hdbscan."
        )
    return Clusters(names, _by_size(first.labels_), confidence, "kmeans", {"stability": stability}, tuple(warnings))


def _hdbscan(names: Sequence[str], unit: np.ndarray, k: int | None, seed: int) -> Clusters:
    from sklearn.cluster import HDBSCAN
    from sklearn.decomposition import PCA

    components = min(COMPONENTS, *unit.shape)
    reduced = PCA(components, svd_solver="full", random_state=seed).fit_transform(unit)
    found = HDBSCAN(min_cluster_size=k or SMALLEST["hdbscan"], copy=True).fit(reduced)
    share = float((found.labels_ == NOISE).mean())
    warnings = []
    if share > 0.5:
        warnings.append(
            f"{share:.0%} of the clouds are in no cluster, because few regions are dense; lower the smallest size, or "
            "try kmeans."
        )
    details = {"share_without_cluster": share}
    return Clusters(names, _by_size(found.labels_), found.probabilities_, "hdbscan", details, tuple(warnings))


ALGORITHMS: dict[str, Callable[[Sequence[str], np.ndarray, int | None, int], Clusters]] = {
    "kmeans": _kmeans,
    "hdbscan": _hdbscan,
}


def default_k(clouds: int) -> int:
    """Returns the default number of clusters of k-means, the square root of half the number of clouds, 2 to 50."""
    return int(min(50, max(2, round(math.sqrt(clouds / 2)))))


def cluster_run(run: LoadedRun, splits: Sequence[str] = ("train",)) -> Clusters:
    """Returns the prototype of each cloud of a run's data set. No labels are needed or read.

    A warning follows if two random views of a cloud mostly have different prototypes, so that the prototypes tell
    little of the shape.

    Args:
        run: a run of a method with clusters, such as ConClu.
        splits: the splits of its data set (default: train).

    Raises:
        ConfigError: the method has no clusters.
    """
    method: Any = clusters_of(run.method)
    if method is None:
        raise ConfigError(
            f"expected a run of a method with clusters, such as ConClu, got {type(run.method).__name__}; make an index "
            "with its encoder, and give that.",
            got=type(run.method).__name__,
        )
    parts = [run.split(name) for name in splits]
    names = [str(name) for part in parts for name in part.names]
    if not names:
        raise DataError("the splits have no clouds.", got=splits)
    log_gamma = np.concatenate([map_split(run.method, method.assign, part, run.device, 64) for part in parts])
    cluster = log_gamma.argmax(axis=1)
    agreement, chance = _view_agreement(run, parts[0])
    details = {
        "prototypes": float(method.num_clusters),
        "view_agreement": agreement,
        "chance": chance,
        "seconds": float(run.checkpoint.seconds),
    }
    warnings = []
    if agreement < CHANCE_FACTOR * chance:
        warnings.append(
            f"two random views of a cloud have the same prototype in {agreement:.1%} of the clouds, and by chance in "
            f"{chance:.1%}: the prototypes tell little of the shape. Train longer or with weaker pipeline.views, or "
            "cluster an index of the encoder's features by k-means."
        )
    confidence = np.exp(log_gamma.max(axis=1).astype(np.float64))
    return Clusters(names, _by_size(cluster), confidence, "prototypes", details, tuple(warnings))


def _view_agreement(run: LoadedRun, split: PointCloudSplit) -> tuple[float, float]:
    """Returns how often two views of a cloud have the same prototype, and how often views of different clouds do."""
    method: Any = run.method
    config = run.config["pipeline"].get("views")
    views = compose_views(type(method).views, config, up_axis=run.up_axis, num_points=run.checkpoint.num_points)
    chosen = split.subset(np.unique(np.linspace(0, len(split) - 1, min(VIEW_CLOUDS, len(split))).astype(int)))
    found = []
    with torch.random.fork_rng([run.device] if run.device.type == "cuda" else []):
        generator = torch.cuda if run.device.type == "cuda" else torch.default_generator
        generator.manual_seed(run.seed)  # of the device where the views are drawn
        for view in list(views.values())[:2]:
            found.append(map_split(method, partial(_assign_view, method, view), chosen, run.device, 64).argmax(axis=1))
    a, b = (np.bincount(each, minlength=method.num_clusters) / len(each) for each in found)
    return float((found[0] == found[1]).mean()), float(a @ b)


def _assign_view(method: Any, view: Compose, clouds: Batch) -> Tensor:
    assigned: Tensor = method.assign(view(clouds))
    return assigned


def _by_size(cluster: np.ndarray) -> np.ndarray:
    """Returns the clusters numbered by their size, the largest first; those without clouds have no number."""
    found, counts = np.unique(cluster[cluster != NOISE], return_counts=True)
    order = found[np.argsort(-counts, kind="stable")]
    number = {int(old): new for new, old in enumerate(order)}
    return np.array([number.get(int(old), NOISE) for old in cluster], np.int64)
