"""Clusters of embeddings and prototypes of runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from conclu_pyg.errors import ArgumentError, ConfigError
from conclu_pyg.inference.clusters import NOISE, Clusters, cluster_embeddings, cluster_run, default_k
from conclu_pyg.runs.loaded_run import load_run

SIZES = (30, 20, 10)


def groups(spread: float = 0.1, seed: int = 0) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Unit vectors around three directions, in a random order, and their groups."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(3), SIZES))
    x = rng.normal(size=(3, 40))[group] + spread * rng.normal(size=(sum(SIZES), 40))
    return [f"{row}" for row in range(len(x))], (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), group


@pytest.mark.parametrize(("algorithm", "k"), [("kmeans", 3), ("hdbscan", 5)])
def test_separate_groups_are_found_and_numbered_by_size(algorithm, k: int) -> None:
    names, unit, group = groups()
    found = cluster_embeddings(names, unit, algorithm, k)
    np.testing.assert_array_equal(found.cluster, group)
    assert found.count == 3 and found.warnings == () and list(found.names) == names
    for cluster in range(3):
        members = found.members(cluster)
        assert sorted(members) == np.flatnonzero(group == cluster).tolist()
        assert (np.diff(found.confidence[members]) <= 0).all()
    again = cluster_embeddings(names, unit, algorithm, k)
    np.testing.assert_array_equal(again.cluster, found.cluster)


def test_the_confidence_of_kmeans_is_the_cosine_to_the_centre() -> None:
    names, unit, group = groups()
    found = cluster_embeddings(names, unit, "kmeans", 3)
    for cluster in range(3):
        center = unit[group == cluster].mean(axis=0)
        expected = unit[group == cluster] @ center / np.linalg.norm(center)
        np.testing.assert_allclose(found.confidence[group == cluster], expected, atol=1e-5)


def test_clouds_without_groups_are_reported() -> None:
    rng = np.random.default_rng(0)
    unit = rng.normal(size=(200, 40)).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    names = [str(row) for row in range(200)]
    found = cluster_embeddings(names, unit, "kmeans", 8)
    assert len(found.warnings) == 1 and found.details["stability"] < 0.5
    loose = cluster_embeddings(names, unit, "hdbscan")
    assert (loose.cluster == NOISE).mean() > 0.5 and len(loose.warnings) == 1


def test_purity() -> None:
    found = Clusters(list("abcdef"), np.array([0, 0, 0, 1, 1, NOISE]), np.ones(6), "kmeans")
    assert found.purity(["x", "x", "y", "z", "", "x"]) == [("x", 2 / 3), ("z", 1.0)]
    assert found.purity([""] * 6) == [("", 0.0), ("", 0.0)]


def test_the_default_number_of_clusters() -> None:
    assert [default_k(n) for n in (2, 8, 200, 5000, 10**6)] == [2, 2, 10, 50, 50]
    names, unit, _ = groups()
    assert cluster_embeddings(names, unit).count == default_k(60) == 5


def test_other_arguments_are_refused() -> None:
    names, unit, _ = groups()
    with pytest.raises(ArgumentError):
        cluster_embeddings(names, unit, "kmeans", 1)
    with pytest.raises(ArgumentError):
        cluster_embeddings(names[:4], unit[:4], "kmeans", 5)
    with pytest.raises(ArgumentError):
        cluster_embeddings(names[:1], unit[:1])
    for count in (2, 4):
        with pytest.raises(ArgumentError):
            cluster_embeddings(names[:count], unit[:count], "hdbscan")
    other: Any = "median"
    with pytest.raises(ArgumentError):
        cluster_embeddings(names, unit, other)


def test_prototypes_of_a_run_are_those_of_its_method(tiny_run: Path) -> None:
    run = load_run(tiny_run)
    before = torch.get_rng_state()
    found = cluster_run(run, ["train", "test"])
    assert torch.equal(torch.get_rng_state(), before)
    split = run.split("test")
    run.method.eval()
    log_gamma = run.method.assign(Batch.from_data_list([split[row] for row in range(len(split))])).numpy()
    own = found.cluster[-len(split) :]
    prototype = log_gamma.argmax(axis=1)
    # The same partition under other numbers.
    assert len({*zip(own.tolist(), prototype.tolist(), strict=True)}) == len(set(prototype.tolist()))
    np.testing.assert_allclose(found.confidence[-len(split) :], np.exp(log_gamma.max(axis=1)), atol=1e-4)
    assert found.names[-len(split) :] == [str(name) for name in split.names] and len(found.names) == 88
    assert found.details["prototypes"] == 8


@pytest.mark.parametrize("same", [0.0, 0.25, 1.0])
def test_the_agreement_of_views_is_that_of_their_prototypes(
    same: float, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, rng = load_run(tiny_run), np.random.default_rng(0)
    first = rng.integers(0, 4, 48)
    second = np.where(np.arange(48) < same * 48, first, (first + 1) % 5)  # which differs in all others
    calls = iter([np.zeros(48, int), first, second])  # the clouds themselves, and two views of them

    def assign(clouds: Batch) -> torch.Tensor:
        return torch.nn.functional.one_hot(torch.from_numpy(next(calls)), 8).float()

    monkeypatch.setattr(run.method, "assign", assign)
    details = cluster_run(run).details
    assert details["view_agreement"] == pytest.approx(same)
    pairs = first[:, None] == second[None]  # of any two clouds
    assert details["chance"] == pytest.approx(pairs.mean())


def test_prototypes_that_ignore_the_shape_are_reported(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = load_run(tiny_run)
    generator = torch.Generator().manual_seed(0)

    def random(clouds: Batch) -> torch.Tensor:
        return torch.log_softmax(10 * torch.randn(clouds.num_graphs, 8, generator=generator), dim=1)

    monkeypatch.setattr(run.method, "assign", random)
    found = cluster_run(run)
    assert len(found.warnings) == 1 and found.details["view_agreement"] < 2 * found.details["chance"]


def test_runs_without_clusters_are_refused(tiny_task_runs: dict[str, Path]) -> None:
    with pytest.raises(ConfigError):
        cluster_run(load_run(tiny_task_runs["classification"]))
