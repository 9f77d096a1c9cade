"""Compilation of kernels where Numba's cache cannot be used."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from numba import config
from numba.core.caching import CacheImpl

from conclu_pyg.errors import ConcluWarning
from conclu_pyg.kernels import compilation
from conclu_pyg.kernels.compilation import kernel


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "numba"
    monkeypatch.setattr(config, "CACHE_DIR", str(folder))
    monkeypatch.setattr(compilation, "_reported", False)
    return folder


def double(value: int) -> int:
    return 2 * value


def square(value: int) -> int:
    return value * value


def stats(function: Any) -> tuple[int, int]:
    return sum(function.stats.cache_hits.values()), sum(function.stats.cache_misses.values())


def test_the_machine_code_is_kept(cache: Path) -> None:
    for expected in ((0, 1), (1, 0)):
        function = kernel(double)
        assert function(3) == 6 and stats(function) == expected
    assert len(list(cache.rglob("*.nbc"))) == 1


def test_without_any_folder_one_warning_is_given(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    with pytest.warns(ConcluWarning, match=r"Numba's cache cannot be written: .* set NUMBA_CACHE_DIR") as warned:
        functions = [kernel(double), kernel(square)]
    assert len(warned) == 1 and [function(3) for function in functions] == [6, 9]


def test_a_folder_that_is_lost_before_the_first_call_is_reported_once(cache: Path) -> None:
    functions = [kernel(double), kernel(square)]
    shutil.rmtree(cache)
    cache.touch()
    with pytest.warns(ConcluWarning, match="Numba's cache cannot be written: ") as warned:
        assert [function(3) for function in functions] == [6, 9]
    assert len(warned) == 1


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("kept", [0, 40])
def test_a_damaged_file_is_replaced(suffix: str, kept: int, cache: Path) -> None:
    assert kernel(double)(3) == 6
    (path,) = cache.rglob(f"*.{suffix}")
    path.write_bytes(path.read_bytes()[:kept])
    for expected in ((0, 1), (1, 0)):
        function = kernel(double)
        assert function(3) == 6 and stats(function) == expected
