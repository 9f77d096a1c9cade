"""Choice between compiled kernels and PyTorch's operations."""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

from torch import Tensor

from conclu_pyg.errors import ConcluWarning

_switched_off = 0  # active contexts of `without_kernels`


def compiled_kernels(*tensors: Tensor) -> ModuleType | None:
    """Return :mod:`conclu_pyg.kernels.compiled`, or ``None`` if Numba is missing, a context switched the kernels off,
    or one of the tensors is not on the CPU."""
    if _switched_off or any(tensor.device.type != "cpu" for tensor in tensors):
        return None
    return _load()


@contextmanager
def without_kernels() -> Iterator[None]:
    """Use PyTorch's operations within the context, in all threads, for comparisons."""
    global _switched_off
    _switched_off += 1
    try:
        yield
    finally:
        _switched_off -= 1


@functools.cache
def _load() -> ModuleType | None:
    if find_spec("numba") is None:
        return None
    try:
        return importlib.import_module("conclu_pyg.kernels.compiled")
    except ImportError as error:  # of Numba itself, such as next to a NumPy that is too new for it
        warnings.warn(
            f"Numba is installed but cannot be imported: {error}. The slower operations of PyTorch are used; for the "
            "kernels, install conclu_pyg[fast].",
            ConcluWarning,
            stacklevel=2,
        )
        return None
