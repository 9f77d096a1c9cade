from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import raises
from torch import nn
from torch_geometric.data import Batch

from conclu_pyg.errors import ConfigError
from conclu_pyg.evaluation.probe import Result, probe_splits
from conclu_pyg.evaluation.probes.clusters import ClustersProbe, purity_score
from conclu_pyg.runs.embedding import Features
from conclu_pyg.runs.loaded_run import LoadedRun, load_run


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run)


class Assigned(nn.Module):
    """Assigns each cloud the cluster that ``clusters`` has for its class."""

    def __init__(self, clusters: list[int]) -> None:
        super().__init__()
        self.clusters = torch.tensor(clusters)

    @property
    def num_clusters(self) -> int:
        return 20

    def assign(self, clouds: Batch) -> torch.Tensor:
        return (torch.eye(20)[self.clusters[clouds.y]] + 1e-6).log()


def measured(run: LoadedRun, method: Any) -> dict[str, Result]:
    run = replace(run, method=method)
    return {result.metric: result for result in ClustersProbe().measure(run, probe_splits(run))}


def test_a_cluster_for_each_class_is_perfect_in_any_order_and_one_cluster_for_all_is_worthless(
    loaded: LoadedRun,
) -> None:
    order = np.random.default_rng(0).permutation(20).tolist()
    perfect, collapsed = measured(loaded, Assigned(order)), measured(loaded, Assigned([3] * 20))
    assert (perfect["NMI"].value, perfect["ARI"].value) == pytest.approx((100, 100))
    assert (collapsed["NMI"].value, collapsed["ARI"].value) == pytest.approx((0, 0))
    assert (perfect["purity"].value, collapsed["purity"].value) == pytest.approx((100, 5))  # 20 classes of equal size
    assert perfect["NMI"].details == {"clusters": 20, "used": 20} and collapsed["NMI"].details["used"] == 1


def test_a_method_without_clusters_is_refused(loaded: LoadedRun) -> None:
    with raises(ConfigError, got="Linear"):
        measured(loaded, nn.Linear(1, 1))


def test_the_purity_counts_the_most_frequent_class_of_each_cluster() -> None:
    rng = np.random.default_rng(1)
    classes, clusters = rng.integers(4, size=50), rng.integers(6, size=50)
    right = 0
    for cluster in set(clusters.tolist()):
        members = [label for label, found in zip(classes.tolist(), clusters.tolist(), strict=True) if found == cluster]
        right += max(members.count(label) for label in set(members))
    assert purity_score(classes, clusters) == pytest.approx(right / 50)


def test_k_means_groups_the_features_of_any_encoder(loaded: LoadedRun) -> None:
    splits, run = probe_splits(loaded), replace(loaded, method=nn.Identity())  # its features are set here
    noise = np.random.default_rng(0).normal(scale=0.01, size=(len(splits.test), 20))
    run._embedded[splits.test] = Features((np.eye(20)[splits.test.y] + noise).astype(np.float32), splits.test.y)
    found = {result.metric: result for result in ClustersProbe(kmeans=20).measure(run, splits)}
    assert found["ARI"].value == pytest.approx(100) and found["purity"].value == pytest.approx(100)
    assert found["NMI"].protocol["extra"]["clusters"].startswith("20 of k-means")


def test_more_clusters_than_test_clouds_are_refused(loaded: LoadedRun) -> None:
    with raises(ConfigError, argument="kmeans", got=41):
        ClustersProbe(kmeans=41).check(probe_splits(loaded))
