"""Neighbours, unusual clouds and layouts of embeddings."""

import numpy as np
import pytest

from conclu_pyg.reports import embedding_map
from conclu_pyg.reports.embedding_map import (
    nearest_neighbours,
    principal_components,
    tsne,
    unusual_scores,
)
from conclu_pyg.vis.report.cloud_map import NONE

RNG = np.random.default_rng(0)


def unit(rows: int, channels: int = 12) -> np.ndarray:
    x = RNG.normal(size=(rows, channels))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def test_neighbours_are_the_most_similar_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_map, "BLOCK", 7)
    x = unit(40)
    found = nearest_neighbours(x, 3)
    for row in range(40):
        cosine = x @ x[row]
        cosine[row] = -2
        expected = np.sort(cosine)[::-1][:3]
        np.testing.assert_allclose(cosine[found.rows[row]], expected, atol=1e-6)
        np.testing.assert_allclose(found.similarity[row], expected, atol=1e-6)


@pytest.mark.parametrize("clouds", [1, 2, 3])
def test_few_clouds_have_few_neighbours(clouds: int) -> None:
    found = nearest_neighbours(unit(clouds), 4)
    assert (found.rows != NONE).sum(axis=1).tolist() == [clouds - 1] * clouds
    assert np.isfinite(unusual_scores(found)).all()


def test_a_cloud_far_from_all_others_is_the_most_unusual_one() -> None:
    x = RNG.normal(size=(40, 12)) * 0.1 + np.eye(12)[0]
    x[7] = -np.eye(12)[0]
    scores = unusual_scores(nearest_neighbours((x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)))
    assert scores.argmax() == 7 and scores[7] > 1 and np.mean(scores <= 1) == pytest.approx(0.95, abs=0.026)


@pytest.mark.parametrize("shape", [(30, 8), (8, 30), (2, 5), (1, 5)])
def test_principal_components_are_those_of_scikit_learn(shape: tuple[int, int]) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition", reason="needs scikit-learn")
    x = RNG.normal(size=shape).astype(np.float32)
    found, share = principal_components(x, 2)
    kept = min(2, *shape) if shape[0] > 1 else 0
    if not kept:
        assert found.tolist() == [[0, 0]] and share == 0
        return
    pca = decomposition.PCA(kept, svd_solver="full").fit(x.astype(np.float64))
    np.testing.assert_allclose(np.abs(found[:, :kept]), np.abs(pca.transform(x.astype(np.float64))), atol=1e-4)
    assert share == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-5)


def test_tsne_keeps_groups_apart() -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    group = np.repeat([0, 1], 20)
    x = RNG.normal(size=(40, 12)) * 0.05 + np.eye(12)[group]
    xy = tsne(x.astype(np.float32))
    near = ((xy[:, None] - xy[None]) ** 2).sum(axis=2) + np.diag(np.full(40, np.inf))
    assert (group[near.argmin(axis=1)] == group).all()
    np.testing.assert_array_equal(xy, tsne(x.astype(np.float32)))
