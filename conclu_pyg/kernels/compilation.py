"""Compilation of kernels by Numba, with a cache of the machine code where a folder can be written."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from typing import Any

from numba import njit

from conclu_pyg.errors import ConcluWarning, one_line

_reported = False  # a problem of the cache, in this process


def kernel(function: Callable[..., Any], fastmath: Collection[str] = ()) -> Callable[..., Any]:
    """Compile a function at its first call, without the interpreter lock, and keep the result on disk.

    Without a folder that can be written, the function is compiled in each process, and the first such function warns.

    Args:
        function: the function.
        fastmath: flags of LLVM that allow other roundings (default: none).
    """
    try:
        compiled: Callable[..., Any] = njit(nogil=True, cache=True, fastmath=set(fastmath))(function)
    except RuntimeError as error:  # neither the package's folder nor the user's cache can be written
        _report(error)
        return njit(nogil=True, fastmath=set(fastmath))(function)
    if hasattr(compiled, "_cache"):  # not with NUMBA_DISABLE_JIT
        compiled._cache = _SafeCache(compiled._cache)
    return compiled


class _SafeCache:
    """A cache of Numba whose errors end no call. A damaged file is replaced; other problems, such as a full disk or a
    folder that was removed, are reported once, and the function is compiled without the cache.

    Args:
        cache: the cache of a compiled function.
    """

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, *arguments: Any) -> Any:
        """Return a compiled version, or ``None`` if there is none or its files are damaged."""
        try:
            return self._cache.load_overload(*arguments)
        except Exception:  # unpickling of a damaged file may raise any
            self._attempt(self._cache.flush)
            return None

    def save_overload(self, *arguments: Any) -> None:
        """Save a compiled version if the folder can be written."""
        self._attempt(self._cache.save_overload, *arguments)

    def _attempt(self, write: Callable[..., Any], *arguments: Any) -> None:
        try:
            write(*arguments)
        except OSError as error:
            _report(error)
            self._cache.disable()


def _report(error: Exception) -> None:
    global _reported
    if not _reported:
        _reported = True
        warnings.warn(
            f"Numba's cache cannot be written: {one_line(error)}. Kernels are compiled in each process, which takes "
            "a few seconds; set NUMBA_CACHE_DIR to a folder that can be written.",
            ConcluWarning,
            stacklevel=3,
        )
