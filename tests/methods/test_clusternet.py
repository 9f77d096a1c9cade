"""ClusterNet: clusters of the teacher's features as classes, kept in the state."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import raises
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info, threadpool_limits
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.errors import CheckpointError, ConfigError, DataError
from conclu_pyg.methods.base import Progress
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.runs.checkpoint import Checkpoint, load_weights

ENCODER = {"name": "PointNet", "out_channels": 8, "input_transform": False, "feature_transform": False}
HEAD = {"name": "ClassificationHead", "hidden_channels": [6], "dropout": 0.0}
START, LATER = Progress(0, 10, 0, 2), Progress(5, 10, 1, 2)


class Shapes:
    """Twelve clouds of three kinds, which differ in size."""

    num_clouds, device = 12, torch.device("cpu")
    kind = torch.arange(12) % 3

    def __init__(self) -> None:
        unit = torch.nn.functional.normalize(torch.randn(12, 20, 3), dim=2)
        self.clouds = batch_clouds(unit * (1 + 3 * self.kind)[:, None, None])
        self.clouds.cloud_id = torch.arange(12)

    def map(self, function: Callable[[Batch], Tensor]) -> Tensor:
        with torch.no_grad():
            return function(self.clouds)


def make(**options: Any) -> Any:
    config = {"encoder": ENCODER, "teacher": ENCODER, "head": HEAD, "num_clusters": 3}
    return METHODS.build({"name": "ClusterNet", **config, **options})


def test_clusters_are_those_of_the_teachers_features() -> None:
    method, data = make().eval(), Shapes()
    method.before_epoch(data, START)
    groups = {kind: set(method.cluster[data.kind == kind].tolist()) for kind in range(3)}
    assert all(len(found) == 1 for found in groups.values())
    assert set.union(*groups.values()) == {0, 1, 2}
    before = method.cluster.clone()
    with torch.no_grad():
        for parameter in method.teacher.parameters():
            parameter.zero_()
    method.before_epoch(data, LATER)  # made once
    assert torch.equal(method.cluster, before)


def test_the_seed_of_the_run_rules_the_clusters() -> None:
    method, data, found = make(num_clusters=6).eval(), Shapes(), []
    for seed in (0, 0, 1, 2, 3):
        torch.manual_seed(seed)
        method.before_epoch(data, START)
        found.append(tuple(method.cluster.tolist()))
    assert found[0] == found[1] and len(set(found)) > 2


def test_k_means_runs_in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def fit_predict(self: Any, features: np.ndarray) -> np.ndarray:
        threads.extend(library["num_threads"] for library in threadpool_info())
        return np.zeros(len(features), dtype=np.int32)

    monkeypatch.setattr(KMeans, "fit_predict", fit_predict)
    with threadpool_limits(2):
        make().before_epoch(Shapes(), START)
    assert threads and set(threads) == {1}


def test_the_loss_is_the_cross_entropy_of_each_clouds_cluster() -> None:
    method, data = make(label_smoothing=0.3).eval(), Shapes()
    method.before_epoch(data, START)
    rows = torch.tensor([7, 2, 10, 5])
    view = batch_clouds(torch.randn(4, 9, 3))
    view.cloud_id = rows
    logits = method.head(pooled_features(method.encoder, view)).tolist()
    total, right = 0.0, 0
    for row, cluster in zip(logits, method.cluster[rows].tolist(), strict=True):
        log_sum = math.log(sum(math.exp(value) for value in row))
        weights = [0.1 + 0.7 * (k == cluster) for k in range(3)]
        total += sum(weight * (log_sum - value) for weight, value in zip(weights, row, strict=True))
        right += row.index(max(row)) == cluster
    output = method({"cloud": view})
    assert output.losses["cluster"].item() == pytest.approx(total / 4, rel=1e-5)
    assert output.metrics["cluster_accuracy"].item() == pytest.approx(right / 4)


def test_the_teacher_is_frozen_and_the_encoder_starts_on_its_own() -> None:
    method = make()
    assert not any(parameter.requires_grad for parameter in method.teacher.parameters())
    ours, theirs = method.encoder.state_dict(), method.teacher.state_dict()
    assert any(not torch.equal(ours[name], theirs[name]) for name in ours)


def test_clusters_are_in_the_state_whatever_their_number() -> None:
    method, fresh = make(), make()
    method.before_epoch(Shapes(), START)
    load_weights(fresh, {name: value.clone() for name, value in method.state_dict().items()}, "a test")
    assert torch.equal(fresh.cluster, method.cluster) and len(fresh.cluster) == 12


@pytest.mark.parametrize(
    "state",
    [torch.tensor([0, 3]), torch.tensor([-1, 0]), torch.tensor([0.0, 1.0]), torch.zeros(2, 2, dtype=torch.long)],
)
def test_a_state_that_holds_no_clusters_is_refused(state: Tensor) -> None:
    with pytest.raises(CheckpointError, match=r"expected the clusters .* in \[0, 3\), got"):
        make().set_extra_state(state)


def test_clusters_of_other_training_clouds_are_refused() -> None:
    method = make()
    method.set_extra_state(torch.tensor([0, 1, 2]))
    with raises(DataError, got=12):
        method.before_epoch(Shapes(), LATER)


def test_a_resumed_run_equals_an_unbroken_one_and_holds_no_teacher(
    tiny_config: dict[str, Any], tiny_run: Path, tmp_path: Path
) -> None:
    encoder = tiny_config["model"]["encoder"]
    teacher = {**encoder, "checkpoint": str(tiny_run)}
    tiny_config["model"] = {"name": "ClusterNet", "encoder": encoder, "teacher": teacher, "num_clusters": 4}
    tiny_config["pipeline"] |= {"report": False, "loggers": ["csv"]}

    def trained(name: str, epochs: int, resume: Path | None = None) -> Path:
        tiny_config["pipeline"] |= {"run_dir": str(tmp_path / name), "epochs": epochs}
        folder: Path = build_pipeline(tiny_config).run_train(resume=resume)
        return folder

    unbroken = Checkpoint.load(trained("unbroken", 2)).weights
    resumed = Checkpoint.load(trained("broken", 2, trained("broken", 1))).weights
    assert resumed.keys() == unbroken.keys() and not any(name.startswith("teacher") for name in resumed)
    assert all(torch.equal(value, unbroken[name]) for name, value in resumed.items())


def test_there_are_at_most_as_many_clusters_as_clouds() -> None:
    method = make(num_clusters=300).eval()
    method.before_epoch(Shapes(), START)
    assert method.cluster.max() < 12 and method.num_clusters == 300


def test_without_scikit_learn_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.methods.clusternet.is_installed", lambda package: False)
    with pytest.raises(ConfigError, match=r"scikit-learn is not installed; run `pip install 'conclu_pyg\[eval\]'`"):
        METHODS.build({"name": "ClusterNet", "encoder": ENCODER})
