#!/usr/bin/env python3
"""Report missing system packages and how to install them: ``check_system.py python|compiler|open3d``.

With ``--install``, root on Debian or Ubuntu installs them, after a notice. This runs before any set-up, under any
Python: standard library only, and syntax that Python 3.6 parses.
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from typing import Callable, NamedTuple, Optional

OLDEST_PYTHON = (3, 11)
NEWER_PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
EGL = "libegl1 libgl1-mesa-dri"  # the library, and the drivers without which it draws nothing
OPEN3D_LIBRARIES = {"libusb-1.0.so.0": "libusb-1.0-0", "libGL.so.1": "libgl1", "libEGL.so.1": EGL}


class Missing(NamedTuple):
    """A missing component and its purpose, with the Debian package that contains it or another remedy."""

    what: str
    package: str = ""
    remedy: str = ""

    def sentence(self) -> str:
        sudo = "" if os.geteuid() == 0 else "sudo "
        install = f"run `{sudo}apt-get install {self.package}` (on other systems, install the package that contains it)"
        return f"{self.what}: {self.remedy or install}."


def starts(program: str) -> bool:
    """Return whether ``program`` is a Python that starts and can make virtual environments (a pyenv shim may not)."""
    command = [program, "-c", "import ensurepip"]
    return shutil.which(program) is not None and subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


def old_python(
    version: "tuple[int, ...]" = sys.version_info[:3], starts: Callable[[str], bool] = starts
) -> Optional[Missing]:
    if version >= OLDEST_PYTHON:
        return None
    newer = next((name for name in NEWER_PYTHONS if starts(name)), None)
    found = "conclu_pyg needs Python 3.11 or newer, and {} is Python {}".format(
        sys.executable, ".".join(map(str, version))
    )
    install = "" if newer else "install Python 3.11 and "
    return Missing(found, remedy="{}run `make setup PYTHON={}`".format(install, newer or "python3.11"))


def missing_python() -> "list[Missing]":
    old = old_python()
    if old:
        return [old]
    if importlib.util.find_spec("ensurepip") is None:  # Debian packs it apart from Python
        package = "python{}.{}-venv".format(*sys.version_info)
        return [Missing("Python's module ensurepip, which makes virtual environments, is missing", package)]
    return []


def missing_compiler(
    which: "Callable[[str], Optional[str]]" = shutil.which, exists: Callable[[str], bool] = os.path.exists
) -> "list[Missing]":
    missing = []
    if "CXX" not in os.environ and which("c++") is None:
        missing.append(Missing("A C++ compiler, which torch-cluster and torch-scatter need, is missing", "g++"))
    if not exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        package = "python{}.{}-dev".format(*sys.version_info)
        missing.append(
            Missing("Python.h, which torch-cluster and torch-scatter are compiled with, is missing", package)
        )
    return missing


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_open3d(loads: Callable[[str], bool] = loads) -> "list[Missing]":
    if sys.platform != "linux":
        return []
    return [
        Missing(f"The system library {library}, which Open3D needs, is missing", package)
        for library, package in OPEN3D_LIBRARIES.items()
        if not loads(library)
    ]


CHECKS = {"python": missing_python, "compiler": missing_compiler, "open3d": missing_open3d}


def install(missing: "list[Missing]") -> None:
    packages = " ".join(item.package for item in missing).split()
    print(
        "Installing {} with apt-get: the system lacks it, and this runs as root.".format(" ".join(packages)), flush=True
    )
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", "--quiet", *command], env=environment, check=False)


def main(arguments: "list[str]") -> int:
    checks = [CHECKS[name] for name in arguments if name != "--install"]
    missing = [item for check in checks for item in check()]
    may_install = "--install" in arguments and os.geteuid() == 0 and shutil.which("apt-get") is not None
    if may_install and missing and all(item.package for item in missing):
        install(missing)
        missing = [item for check in checks for item in check()]
    for item in missing:
        print(item.sentence(), file=sys.stderr)
    return 2 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
