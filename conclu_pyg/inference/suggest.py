"""Choice of the clouds that are worth labelling next."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from conclu_pyg.errors import ArgumentError

NEIGHBOURS = 20  # that tell how typical a cloud is
MAX_CLUSTERS = 500


def suggest(
    unit: np.ndarray, budget: int, labelled: Sequence[int] = (), strategy: str = "typical", seed: int = 0
) -> np.ndarray:
    """Returns clouds to label, the most valuable first. With ``k-center``, a shorter list is the beginning of a longer
    one; with ``typical`` it is not.

    ``typical`` (TypiClust, Hacohen et al., "Active learning on a budget", 2022) divides the clouds into as many
    clusters by k-means as there will be labels, and takes the most typical cloud of each cluster without a label, from
    the largest on: the one with the smallest mean distance to its 20 nearest neighbours in the cluster. ``k-center``
    (Sener and Savarese, "Active learning for convolutional neural networks: a core-set approach", 2018) takes the cloud
    that is farthest from all labelled and suggested ones, again and again; it covers rare shapes and outliers.

    Args:
        unit: standardised embeddings of length 1 (:attr:`conclu_pyg.inference.index.Index.unit`).
        budget: the number of clouds to label.
        labelled: rows that have a label already (default: none).
        strategy: ``typical`` or ``k-center`` (default: typical).
        seed: of k-means (default: 0).

    Shapes:
        - **unit:** ``[n, C]``
        - **output:** int64 ``[min(budget, n - labelled)]``, different rows

    Raises:
        ArgumentError: the budget is below 1, or the strategy is unknown.
    """
    if budget < 1:
        raise ArgumentError(f"budget must be >= 1, got {budget}.", argument="budget", got=budget)
    if strategy not in STRATEGIES:
        raise ArgumentError(
            f"expected one of {', '.join(STRATEGIES)}, got {strategy!r}.", argument="strategy", got=strategy
        )
    known = np.unique(np.asarray(labelled, np.int64))
    budget = min(budget, len(unit) - len(known))
    return STRATEGIES[strategy](unit, budget, known, seed) if budget else np.empty(0, np.int64)


def _k_center(unit: np.ndarray, budget: int, known: np.ndarray, seed: int) -> np.ndarray:
    nearest = np.full(len(unit), -np.inf, np.float32)  # the similarity to the nearest chosen cloud
    for row in known:
        np.maximum(nearest, unit @ unit[row], out=nearest)
    if not len(known):  # begins with the cloud that is nearest to the mean
        first = int((unit @ unit.mean(axis=0)).argmax())
        chosen = [first]
        nearest = unit @ unit[first]
    else:
        chosen = []
    taken = np.zeros(len(unit), bool)
    taken[[*known, *chosen]] = True
    while len(chosen) < budget:
        row = int(np.where(taken, np.inf, nearest).argmin())
        chosen.append(row)
        taken[row] = True
        np.maximum(nearest, unit @ unit[row], out=nearest)
    return np.array(chosen, np.int64)


def _typical(unit: np.ndarray, budget: int, known: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    count = min(len(known) + budget, MAX_CLUSTERS, len(unit))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # about equal clouds, which are no problem here
        cluster = KMeans(count, n_init=1, random_state=seed).fit(unit).labels_
    taken = np.zeros(len(unit), bool)
    taken[known] = True
    typicality = np.empty(len(unit))
    for each in range(count):
        rows = np.flatnonzero(cluster == each)
        typicality[rows] = _typicality(unit[rows])
    size = np.bincount(cluster, minlength=count)
    chosen: list[int] = []
    while len(chosen) < budget:  # one cloud of each cluster, those with the fewest labels and the most clouds first
        labels, free = np.bincount(cluster[taken], minlength=count), np.bincount(cluster[~taken], minlength=count)
        order = np.lexsort((-size, labels, free == 0))
        fewest = labels[order[0]]
        for each in order[: budget - len(chosen)]:
            if labels[each] != fewest or not free[each]:
                break
            rows = np.flatnonzero((cluster == each) & ~taken)
            row = int(rows[typicality[rows].argmax()])
            chosen.append(row)
            taken[row] = True
    return np.array(chosen, np.int64)


def _typicality(unit: np.ndarray) -> np.ndarray:
    """Returns the inverse of the mean distance of each cloud of a cluster to its nearest neighbours in it, ``[m]``."""
    if len(unit) == 1:
        return np.ones(1)
    k = min(NEIGHBOURS, len(unit) - 1)
    mean = np.empty(len(unit))
    for start in range(0, len(unit), 1024):
        similarity = unit[start : start + 1024] @ unit.T
        similarity[np.arange(len(similarity)), start + np.arange(len(similarity))] = -np.inf
        nearest = -np.partition(-similarity, k - 1, axis=1)[:, :k]
        mean[start : start + 1024] = np.sqrt(np.maximum(0, 2 - 2 * nearest)).mean(axis=1)
    return 1 / np.maximum(mean, 1e-12)


STRATEGIES: dict[str, Callable[[np.ndarray, int, np.ndarray, int], np.ndarray]] = {
    "typical": _typical,
    "k-center": _k_center,
}
