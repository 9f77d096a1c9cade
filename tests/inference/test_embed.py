"""Embeddings of the clouds in files."""

from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.inference.embed import embed_files, embed_inputs, reference_statistics
from conclu_pyg.inference.inputs import find_inputs
from conclu_pyg.io.subset import subset
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def encoder(tiny_run: Path) -> FrozenEncoder:
    return load_encoder(tiny_run)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clouds of different size, a file of three clouds, a mesh, and files that cannot be read."""
    folder = tmp_path_factory.mktemp("clouds")
    (folder / "inner").mkdir()
    for index in range(20):
        np.save(folder / "inner" / f"{index:02d}.npy", RNG.normal(size=(30 + 10 * index, 3)))
    np.save(folder / "several.npy", RNG.normal(size=(3, 50, 3)))
    (folder / "mesh.obj").write_text("v 0 0 0\nv 2 0 0\nv 0 1 0\nv 0 0 3\nf 1 2 3\nf 1 2 4\nf 2 3 4\nf 1 3 4\n")
    (folder / "damaged.ply").write_text("ply\nformat ascii 1.0\n")
    (folder / "nan.npy").write_bytes(b"")
    return folder


def test_rows_are_those_of_the_clouds_in_the_order_of_the_files(encoder: FrozenEncoder, folder: Path) -> None:
    embeddings, errors = embed_inputs(encoder, find_inputs(folder), workers=0)
    inner = [f"inner/{index:02d}.npy" for index in range(20)]
    assert embeddings.names == [*inner, "mesh.obj", "several.npy:0000", "several.npy:0001", "several.npy:0002"]
    assert [path.name for path, _ in embeddings.sources[-2:]] == ["several.npy"] * 2
    assert len(errors) == 2 and "damaged.ply" in errors[0] and "nan.npy" in errors[1]
    for row, name in enumerate(inner):
        points = subset(np.load(folder / name).astype(np.float32), encoder.num_points)
        np.testing.assert_allclose(embeddings.x[row], encoder.embed(points)[0], atol=1e-5)
    for row, points in enumerate(np.load(folder / "several.npy").astype(np.float32)):
        np.testing.assert_allclose(embeddings.x[21 + row], encoder.embed(points)[0], atol=1e-5)
    assert embeddings.about["fingerprint"] == encoder.fingerprint and embeddings.about["up_axis"] == "z"


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 0), (7, 2), (64, 1)])
def test_vectors_do_not_depend_on_batches_order_and_processes(
    encoder: FrozenEncoder, folder: Path, batch_size: int, workers: int
) -> None:
    paths = list(find_inputs(folder).files)
    expected = {file.path: file for file in embed_files(encoder, paths, workers=0)}
    found = list(embed_files(encoder, paths[::-1], batch_size=batch_size, workers=workers))
    assert [file.path for file in found] == paths[::-1]
    for file in found:
        np.testing.assert_allclose(file.x, expected[file.path].x, atol=1e-5)
        other = expected[file.path]
        assert (file.clouds, file.errors, file.sha256) == (other.clouds, other.errors, other.sha256)


def test_files_and_the_encoder_s_own_embed_agree(encoder: FrozenEncoder, folder: Path) -> None:
    path = folder / "mesh.obj"
    (file,) = embed_files(encoder, [path])
    np.testing.assert_allclose(file.x, encoder.embed(path), atol=1e-5)
    (turned,) = embed_files(encoder, [path], up_axis="x")
    assert not np.allclose(turned.x, file.x, atol=1e-3)


def test_no_files_give_no_rows(encoder: FrozenEncoder) -> None:
    assert list(embed_files(encoder, [])) == []


def test_reference_statistics_are_those_of_the_features(encoder: FrozenEncoder) -> None:
    mean, deviation = reference_statistics(encoder, count=20)
    again, _ = reference_statistics(encoder, count=20)
    assert mean.shape == deviation.shape == (32,) and (deviation >= 0).all() and deviation.max() > 0
    np.testing.assert_array_equal(mean, again)
