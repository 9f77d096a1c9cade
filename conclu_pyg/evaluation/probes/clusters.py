"""Agreement of a method's clusters with the classes."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from conclu_pyg.data.map_split import map_split
from conclu_pyg.errors import ConfigError
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.methods.base import clusters_of
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.loaded_run import LoadedRun


def assign_clusters(run: LoadedRun, splits: ProbeSplits) -> np.ndarray:
    """Returns the log-probability of each cluster for each test cloud.

    Shapes:
        - **output:** ``[n, num_clusters]``
    """
    return map_split(run.method, run.method.assign, splits.test, run.device, batch_size=64)


@PROBES.register_module("clusters")
class ClustersProbe(Probe):
    """Normalised mutual information (NMI) and adjusted Rand index (ARI) between clusters and classes of test clouds.

    No labels are used. ARI is about 0 for random assignments; NMI rises with the number of clusters.
    """

    title = "clusters"
    fixed_labels = True

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        """Raises ConfigError if the method has no clusters."""
        method = clusters_of(run.method)
        if method is None:
            raise ConfigError(
                f"the probe clusters needs a method with clusters, such as ConClu, got {type(run.method).__name__}.",
                got=type(run.method).__name__,
            )
        clusters, classes = assign_clusters(run, splits).argmax(axis=1), splits.test.y
        details = {"clusters": method.num_clusters, "used": len(np.unique(clusters))}
        scores = {"NMI": normalized_mutual_info_score, "ARI": adjusted_rand_score}
        return [Result(name, 100 * float(score(classes, clusters)), details) for name, score in scores.items()]
