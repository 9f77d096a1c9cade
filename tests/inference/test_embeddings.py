"""Files of embeddings."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.embeddings import Embeddings

X = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
NAMES = ["a/b.ply", "c.h5:0001", "é\n.off", "caf\udce9.npy"]
ABOUT = {"encoder": "mine", "fingerprint": "0123", "num_points": 64, "up_axis": "z", "channels": 6}


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".NPZ"])
def test_files_give_back_what_was_saved(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Embeddings(NAMES, X, ABOUT).save(path)
    found = Embeddings.load(path)
    assert list(found.names) == ["a/b.ply", "c.h5:0001", "é\\n.off", "caf\\xe9.npy"] and found.about == ABOUT
    np.testing.assert_array_equal(found.x, X)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_other_programs_can_read_them(tmp_path: Path) -> None:
    Embeddings(NAMES[:2], X[:2], ABOUT).save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert file["names"].tolist() == NAMES[:2] and json.loads(str(file["about"])) == ABOUT
    Embeddings(NAMES[:2], X[:2], ABOUT).save(tmp_path / "a.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert table.column("name").to_pylist() == NAMES[:2]
    np.testing.assert_array_equal(np.array(table.column("embedding").to_pylist(), np.float32), X[:2])


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_no_embeddings_are_saved_too(tmp_path: Path, suffix: str) -> None:
    Embeddings([], X[:0], ABOUT).save(tmp_path / f"a{suffix}")
    assert Embeddings.load(tmp_path / f"a{suffix}").x.shape == (0, 6)


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_damaged_files_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Embeddings(NAMES, X, ABOUT).save(path)
    data = path.read_bytes()
    for content in (b"", data[: len(data) // 2], b"no such file"):
        path.write_bytes(content)
        with pytest.raises(DataError) as error:
            Embeddings.load(path)
        assert error.value.file == str(path)


def test_other_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    others: list[dict[str, np.ndarray]] = [
        {"x": X},
        {"names": np.array(["a"]), "x": X, "about": np.array("{}")},
        {"names": np.array(NAMES), "x": X.astype(np.float64), "about": np.array("{}")},
        {"names": np.array(NAMES), "x": X, "about": np.array("[]")},
        {"names": np.array(NAMES), "x": X.astype(object), "about": np.array("{}")},
    ]
    for arrays in others:
        np.savez(path, allow_pickle=True, **arrays)
        with pytest.raises(DataError):
            Embeddings.load(path)
    with pytest.raises(DataError):
        Embeddings.load(tmp_path / "missing.npz")


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    for call in (Embeddings(NAMES, X).save, Embeddings.load):
        with pytest.raises(ConfigError) as error:
            call(tmp_path / "a.pkl")
        assert error.value.argument == "out"
