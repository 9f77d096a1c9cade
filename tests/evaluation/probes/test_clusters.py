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
from conclu_pyg.evaluation.probes.clusters import ClustersProbe
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
    assert perfect["NMI"].details == {"clusters": 20, "used": 20} and collapsed["NMI"].details["used"] == 1


def test_a_method_without_clusters_is_refused(loaded: LoadedRun) -> None:
    with raises(ConfigError, got="Linear"):
        measured(loaded, nn.Linear(1, 1))
