"""Arrays from .npy files, and errors of other files."""

from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.npy import read_npy

CLOUD = np.random.default_rng(0).random((20, 3))


@pytest.mark.parametrize("array", [CLOUD, CLOUD.astype(np.float32), np.asfortranarray(CLOUD), CLOUD[:0]])
def test_reads_saved_arrays(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    read = read_npy(tmp_path / "a.npy")
    assert np.array_equal(read, array) and read.dtype == array.dtype and type(read) is np.ndarray


def test_files_without_an_array_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "sound.npy", CLOUD)
    sound = (tmp_path / "sound.npy").read_bytes()
    np.save(tmp_path / "objects.npy", np.array([{}, None]), allow_pickle=True)
    with (tmp_path / "several.npy").open("wb") as file:
        np.savez(file, a=CLOUD)
    (tmp_path / "folder.npy").mkdir()
    broken = {"empty": b"", "text": b"1 2 3\n", "magic": sound[:6], "header": sound[:40], "truncated": sound[:-1]}
    broken |= {
        "garbled": sound.replace(b"'descr'", b"('descr'"),
        "claim": sound.replace(b"(20, 3)", b"(2000000000000, 3)"),
    }
    for name, content in broken.items():
        (tmp_path / f"{name}.npy").write_bytes(content)
    for path in (tmp_path / f"{name}.npy" for name in (*broken, "objects", "several", "folder", "missing")):
        with raises(DataError, file=path) as error:
            read_npy(path)
        assert str(error.value).startswith(f"{path} cannot be read as an .npy file (")
        assert str(error.value).endswith("); restore it or remove it from the data set.")
