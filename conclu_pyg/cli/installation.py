"""Problems of an installation: versions out of range, and packages that do not load."""

from __future__ import annotations

import importlib.util
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from typing import NamedTuple

from packaging.requirements import Requirement

from conclu_pyg.open3d_library import LIBRARY_HINT

PACKAGE = "conclu_pyg"
DEVELOPMENT = {"all", "docs", "lint", "test"}  # extras that no command needs
COMPILED = "pip install --no-build-isolation --no-cache-dir --no-deps --force-reinstall {}"
# Packages with compiled parts that may not fit the torch, or the system, that is installed; each with its remedy.
NATIVE = {
    "torch_cluster": COMPILED.format("torch-cluster"),
    "torch_scatter": COMPILED.format("torch-scatter"),
    "open3d": "pip install --force-reinstall 'conclu_pyg[open3d]'",
}
IMPORT_TIMEOUT_S = 120


class Problem(NamedTuple):
    """What is wrong, and the command that fixes it."""

    sentence: str
    fix: str


def find_problems() -> list[Problem]:
    """Return what is wrong; importing each compiled package in a process of its own takes a few seconds."""
    try:
        requirements = [Requirement(text) for text in metadata.requires(PACKAGE) or ()]
    except metadata.PackageNotFoundError:
        requirements = []  # run from a folder that is not installed
    return [*version_problems(requirements), *import_problems()]


def version_problems(requirements: Iterable[Requirement]) -> Iterator[Problem]:
    """Yield the packages that are missing, or have a version that was not allowed for.

    Args:
        requirements: of the package; those of an extra count if something that the extra alone requires is installed.
    """
    listed = [each for each in requirements if each.name.replace("-", "_") != PACKAGE]
    core = [each for each in listed if each.marker is None or each.marker.evaluate({"extra": ""})]
    names = {each.name for each in core}
    needed = {str(each): each for each in core}
    for extra in sorted({name for each in listed for name in _extras_of(each)} - DEVELOPMENT):
        own = [each for each in listed if each not in core and each.marker and each.marker.evaluate({"extra": extra})]
        if any(_version(each.name) and each.name not in names for each in own):
            needed |= {str(each): each for each in own if _version(each.name)}
    for each in needed.values():
        version, wanted = _version(each.name), f"{each.name}{each.specifier}"
        fix = f"pip install {shlex.quote(wanted)}"
        if version is None:
            yield Problem(f"{each.name} is not installed, and {PACKAGE} needs it", fix)
        elif not each.specifier.contains(version, prereleases=True):
            yield Problem(f"{each.name} {version} is installed, and {PACKAGE} needs {each.specifier}", fix)


def import_problems(packages: Iterable[str] = NATIVE) -> Iterator[Problem]:
    """Yield the compiled packages that are installed and cannot be imported, or end the process that imports them."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            continue
        error = import_error(package)
        if error:
            is_library = package == "open3d" and error.startswith("ImportError: lib")
            fix = LIBRARY_HINT if is_library else NATIVE.get(package, f"pip install --force-reinstall {package}")
            yield Problem(f"{package} is installed and cannot be imported: {error}", fix)


def import_error(package: str) -> str:
    """Return why a package cannot be imported, in a process of its own; empty if it can."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", f"import {package}"],  # -P: not from the working folder
            capture_output=True,
            text=True,
            errors="replace",
            timeout=IMPORT_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return f"its import takes more than {IMPORT_TIMEOUT_S} seconds"
    if done.returncode < 0:
        return f"its import ends the process by {signal.Signals(-done.returncode).name}"
    lines = done.stderr.strip().splitlines()
    return (lines[-1] if lines else f"exit status {done.returncode}") if done.returncode else ""


def _extras_of(requirement: Requirement) -> set[str]:
    """Return the extras that a requirement belongs to, from the quoted names in its marker."""
    marker = str(requirement.marker or "")
    return {part.split('"')[1] for part in marker.split("extra ==")[1:]}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
