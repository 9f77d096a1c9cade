"""The choice between compiled kernels and PyTorch."""

import importlib
import sys
from importlib.machinery import ModuleSpec

import pytest
import torch

from conclu_pyg.errors import ConcluWarning
from conclu_pyg.kernels import choice, compiled_kernels, without_kernels


def test_kernels_are_for_the_cpu_and_can_be_switched_off() -> None:
    kernels = compiled_kernels(torch.empty(2), torch.empty(3))
    assert kernels is not None and kernels is compiled_kernels()
    assert compiled_kernels(torch.empty(2), torch.empty(3, device="meta")) is None
    with without_kernels():
        with without_kernels():
            assert compiled_kernels() is None
        assert compiled_kernels() is None
    assert compiled_kernels() is kernels


def test_without_numba_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert choice._load.__wrapped__() is None


def test_a_numba_that_cannot_be_imported_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "conclu_pyg.kernels.compiled", raising=False)
    monkeypatch.setattr(choice, "find_spec", lambda name: ModuleSpec(name, None))

    def fail(name: str) -> None:
        raise ImportError("Numba needs NumPy 1.0 or less")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.warns(ConcluWarning, match=r"cannot be imported: Numba needs NumPy 1.0 or less\."):
        assert choice._load.__wrapped__() is None
