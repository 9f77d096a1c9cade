"""Groups of clouds: prototypes of a run, or clusters of embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conclu_pyg.data.map_split import map_split
from conclu_pyg.inference.clusters import cluster_embeddings, members_of, purity
from conclu_pyg.methods.base import Clusters as ClustersOfMethod
from conclu_pyg.reports.clouds import ReportClouds
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.text import pluralize
from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.report.blocks import Cards, CloudCard
from conclu_pyg.vis.report.cloud_map import Colouring

NEAREST, FARTHEST = 8, 3  # members of a group that are shown


@dataclass(frozen=True)
class Groups:
    """The group of each cloud.

    Attributes:
        kind: ``prototype`` or ``cluster``.
        group: the group of each cloud; -1 for none.
        confidence: of each cloud in its group, the highest for the most typical.
        count: the number of groups, with those that have no clouds.
        lines: sentences about the groups as a whole.

    Shapes:
        - **group:** int64 ``[n]``, **confidence:** ``[n]``
    """

    kind: str
    group: np.ndarray
    confidence: np.ndarray
    count: int
    lines: Sequence[str]

    @property
    def by_size(self) -> list[int]:
        """The groups that have clouds, the largest first."""
        sizes = np.bincount(self.group[self.group >= 0], minlength=self.count)
        return [int(group) for group in np.argsort(-sizes, kind="stable") if sizes[group]]

    @property
    def empty(self) -> list[int]:
        """The groups without clouds, in order."""
        return [int(group) for group in np.setdiff1d(np.arange(self.count), self.group)]

    def members(self, group: int) -> np.ndarray:
        """Returns the clouds of a group, the most typical first, int64 ``[m]``."""
        return members_of(self.group, self.confidence, group)

    def colouring(self) -> Colouring:
        """Returns the colours of a map."""
        names = [str(group) for group in range(self.count)]
        return Colouring(self.kind, self.group, names, [hex_of(group) for group in range(self.count)])

    def gallery(self, clouds: ReportClouds) -> list[Cards]:
        """Returns the nearest and the farthest members of each group that has clouds, with its size and purity."""
        return [self._cards(group, clouds) for group in self.by_size]

    def _cards(self, group: int, clouds: ReportClouds) -> Cards:
        members = self.members(group)
        nearest, farthest = members[:NEAREST], members[NEAREST:][-FARTHEST:]
        cards = [self._card(row, clouds, "") for row in nearest]
        cards += [self._card(row, clouds, f"far from the {self.kind}") for row in farthest]
        lines = []
        if clouds.labels is not None:
            label, share = purity([clouds.labels[row] for row in members])
            lines = [f"{share:.0%} {label}"] if label else []
        return Cards(f"{self.kind} {group}: {pluralize(len(members), 'cloud')}", cards, lines)

    def _card(self, row: int, clouds: ReportClouds, note: str) -> CloudCard:
        label = [] if clouds.labels is None or not clouds.labels[row] else [clouds.labels[row]]
        lines = [*label, f"confidence {self.confidence[row]:.2f}", *([note] if note else [])]
        return CloudCard(int(row), clouds.names[row], lines)


def clusters_of_clouds(clouds: ReportClouds, k: int | None = None, seed: int = 0) -> Groups:
    """Returns clusters by k-means of the embeddings.

    Args:
        clouds: the clouds.
        k: the number of clusters (default: the square root of half the number of clouds, 2 to 50).
        seed: of k-means (default: 0).

    Raises:
        ArgumentError: there are fewer clouds than clusters.
        ModuleNotFoundError: scikit-learn is not installed.
    """
    found = cluster_embeddings(clouds.names, clouds.unit, "kmeans", k, seed)
    stability = f"{found.details['stability']:.2f} (adjusted Rand index, 1 is the same and 0 is chance)"
    remark = " ".join(found.warnings) or f"other seeds agree with them by {stability}."
    line = f"{found.count} clusters by k-means; {remark}"
    return Groups("cluster", found.cluster, found.confidence, found.count, [line])


def prototypes_of_clouds(run: LoadedRun, method: ClustersOfMethod, clouds: ReportClouds) -> Groups:
    """Returns the prototype of each cloud of a run. No labels are read.

    Args:
        run: the run.
        method: its method.
        clouds: clouds of a split of its data set.

    Raises:
        ConcluError: an assignment is not finite.
    """
    assert clouds.split is not None  # of a run
    log_gamma = map_split(run.method, method.assign, clouds.split, run.device, 64, "prototypes")
    group = log_gamma.argmax(axis=1)
    used = len(np.unique(group))
    lines = [
        f"{used} of {method.num_clusters} prototypes have clouds here, of {pluralize(len(clouds), 'cloud')}. No labels "
        "were used; confidence is the probability of the prototype."
    ]
    return Groups("prototype", group, np.exp(log_gamma.max(axis=1).astype(np.float64)), method.num_clusters, lines)
