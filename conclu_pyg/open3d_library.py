"""Open3D, which an extra installs: imported where it is needed, and what it lacks is a sentence."""

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

REMEDY = "run `pip install -e '.[open3d]'` in the clone of conclu_pyg"
LIBRARIES = "install what it names; `tools/check_system.py open3d` says which package holds it"


def check_open3d(purpose: str, otherwise: str) -> None:
    """Refuses a missing Open3D without importing it.

    Args:
        purpose, otherwise: as for :func:`import_open3d`.

    Raises:
        ConcluError: it is not installed.
    """
    if importlib.util.find_spec("open3d") is None:
        raise ConcluError(f"{purpose} needs Open3D, which is not installed; {REMEDY}, {otherwise}.")


def import_open3d(purpose: str, otherwise: str, module: str = "open3d") -> Any:
    """Imports Open3D, or a module of it, which takes seconds.

    Args:
        purpose: what it is needed for, to begin the sentence with: ``"reading .ply files"``.
        otherwise: what to do without it, to end the sentence with: ``"or convert the file to .npy"``.
        module: which module (default: ``open3d``).

    Raises:
        ConcluError: it is not installed, or a system library or a package that it needs is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == "open3d"
        found = "is not installed" if absent else f"cannot be imported ({one_line(error)})"
        # A missing system library is no ModuleNotFoundError and has no package of Python's as its remedy.
        system = ".so" in str(error) and not isinstance(error, ModuleNotFoundError)
        remedy = LIBRARIES if system else REMEDY
        raise ConcluError(f"{purpose} needs Open3D, which {found}; {remedy}, {otherwise}.") from error


@contextmanager
def quiet(open3d: Any) -> Iterator[None]:
    """Within it, Open3D writes nothing but errors; what went wrong is said by whoever called it."""
    with open3d.utility.VerbosityContextManager(open3d.utility.VerbosityLevel.Error):
        yield


@contextmanager
def native_errors() -> Iterator[list[str]]:
    """Keeps what libraries in C write to the standard error: a line each, to be read when the block has ended."""
    kept: list[str] = []
    sys.stderr.flush()
    before = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield kept
        finally:
            os.dup2(before, 2)
            os.close(before)
            file.seek(0)
            kept.extend(file.read(1 << 16).decode(errors="replace").splitlines())
