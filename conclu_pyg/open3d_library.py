"""Import of Open3D, which is optional, and its messages."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conclu_pyg.errors import ConcluError, one_line

INSTALL_HINT = "run `pip install 'conclu_pyg[open3d]'` (in a clone, `pip install -e '.[open3d]'`)"
LIBRARY_HINT = "install the library that it names (in a clone, `tools/check_system.py open3d` names its package)"


def check_open3d(purpose: str, otherwise: str) -> None:
    """Refuse a missing Open3D without importing it.

    Args:
        purpose, otherwise: as for :func:`import_open3d`.

    Raises:
        ConcluError: it is not installed.
    """
    if importlib.util.find_spec("open3d") is None:
        raise ConcluError(f"{purpose} needs Open3D, which is not installed; {INSTALL_HINT}, {otherwise}.")


def import_open3d(purpose: str, otherwise: str, module: str = "open3d") -> Any:
    """Import Open3D, or a module of it, which takes seconds.

    Args:
        purpose: the start of the error message: ``"reading .ply files"``.
        otherwise: the end of the error message, what to do without Open3D: ``"or convert the file to .npy"``.
        module: which module (default: ``open3d``).

    Raises:
        ConcluError: it is not installed, or a system library or a package that it needs is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == "open3d"
        found = "is not installed" if absent else f"cannot be imported ({one_line(error)})"
        # A missing system library is not a ModuleNotFoundError, and no Python package provides it.
        system = ".so" in str(error) and not isinstance(error, ModuleNotFoundError)
        hint = LIBRARY_HINT if system else INSTALL_HINT
        raise ConcluError(f"{purpose} needs Open3D, which {found}; {hint}, {otherwise}.") from error


@contextmanager
def quiet(open3d: Any) -> Iterator[None]:
    """Context in which Open3D prints only errors; the caller reports problems."""
    with open3d.utility.VerbosityContextManager(open3d.utility.VerbosityLevel.Error):
        yield


@contextmanager
def native_errors() -> Iterator[list[str]]:
    """Context that captures what C libraries write to standard error, as lines that are complete after the block."""
    kept: list[str] = []
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield kept
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            file.seek(0)
            kept.extend(file.read(1 << 16).decode(errors="replace").splitlines())
