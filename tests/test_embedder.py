"""Embeddings as a transformer of scikit-learn."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch_geometric.data import Data

import conclu_pyg
from conclu_pyg import load_encoder
from conclu_pyg.embedder import ConcluEmbedder
from conclu_pyg.errors import CheckpointError

ENCODER = "conclu_pointnet_shapes"
REASON = "its table has 1, 2, 4, 5 or 10 columns, and three coordinates make a point; test_any_columns repeats it"
OTHER_COLUMNS = {
    "check_dtype_object": REASON,
    "check_estimators_dtypes": REASON,
    "check_estimators_fit_returns_self": REASON,
    "check_estimators_overwrite_params": REASON,
    "check_fit2d_1sample": REASON,
    "check_fit_check_is_fitted": REASON,
    "check_fit_idempotent": REASON,
    "check_n_features_in": REASON,
    "check_n_features_in_after_fitting": REASON,
    "check_positive_only_tag_during_fit": REASON,
    "check_readonly_memmap_input": REASON,
}


class AnyColumns(ConcluEmbedder):
    """Takes each number for a point, so that scikit-learn's checks can give tables of any width."""

    def _points(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        return super()._points(np.repeat(table, 3, axis=1))


# One cloud at a time: on some processors, values near 0 differ by 2e-7 with the number of clouds in a product, which
# check_methods_subset_invariance would find.
@parametrize_with_checks([ConcluEmbedder(batch_size=1)], expected_failed_checks=lambda estimator: OTHER_COLUMNS)
def test_scikit_learns_checks(estimator: ConcluEmbedder, check: Callable[..., None]) -> None:
    check(estimator)


@parametrize_with_checks([AnyColumns(batch_size=1)])
def test_any_columns(estimator: AnyColumns, check: Callable[..., None]) -> None:
    check(estimator)


@pytest.fixture
def clouds() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(5, 20, 3)).astype(np.float32)


def test_every_form_of_clouds_gives_the_embeddings_of_the_encoder(clouds: NDArray[np.float32], tmp_path: Path) -> None:
    for index, cloud in enumerate(clouds):
        np.save(tmp_path / f"{index}.npy", cloud)
    files = sorted(tmp_path.glob("*.npy"))
    expected = load_encoder(ENCODER).embed(clouds).numpy()
    forms: list[Any] = [
        *(clouds, list(clouds), torch.from_numpy(clouds), clouds.reshape(5, -1), files, list(map(str, files))),
        [Data(pos=torch.from_numpy(cloud)) for cloud in clouds],
    ]
    for form in forms:
        found = ConcluEmbedder().fit_transform(form)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_clouds_of_different_sizes(clouds: NDArray[np.float32]) -> None:
    sizes = [clouds[0], clouds[1][:7]]
    embedder = ConcluEmbedder().fit(sizes)
    np.testing.assert_allclose(embedder.transform(sizes)[1:], embedder.transform([sizes[1]]), rtol=1e-4, atol=1e-5)
    assert embedder.get_feature_names_out()[:2].tolist() == ["concluembedder0", "concluembedder1"]


def test_options_reach_the_encoder(clouds: NDArray[np.float32]) -> None:
    encoder = load_encoder(ENCODER)
    embedder = clone(ConcluEmbedder(encoder, up_axis="y", batch_size=2)).fit(clouds)
    expected = encoder.embed(clouds, up_axis="y").numpy()
    np.testing.assert_allclose(embedder.transform(clouds), expected, rtol=1e-4, atol=1e-5)
    assert np.abs(expected - ConcluEmbedder(encoder).fit_transform(clouds)).max() > 1e-3


def test_what_cannot_be_embedded_is_refused(clouds: NDArray[np.float32]) -> None:
    with pytest.raises(NotFittedError):
        ConcluEmbedder().transform(clouds)
    with pytest.raises(ValueError, match="columns are a multiple of 3, got 4 feature"):
        ConcluEmbedder().fit(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="X has 3 features, but ConcluEmbedder is expecting 60"):
        ConcluEmbedder().fit(clouds.reshape(5, -1)).transform(np.zeros((2, 3)))
    with pytest.raises(CheckpointError, match="no checkpoint"):
        ConcluEmbedder("nowhere").fit(clouds)


def test_it_is_imported_when_it_is_used_and_names_what_is_missing() -> None:
    assert conclu_pyg.ConcluEmbedder is ConcluEmbedder
    code = """if True:
        import sys
        sys.modules["sklearn"] = None
        import conclu_pyg
        try:
            conclu_pyg.ConcluEmbedder
        except ModuleNotFoundError as error:
            print(error)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("conclu_pyg.ConcluEmbedder: scikit-learn is not installed; run `pip install")
