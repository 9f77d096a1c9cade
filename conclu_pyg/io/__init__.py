"""Readers and writers of file formats, one module each; :func:`~conclu_pyg.io.clouds.read_clouds` and
:func:`~conclu_pyg.io.export.write_cloud` choose by the suffix."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conclu_pyg.io.clouds import Cloud, read_clouds
    from conclu_pyg.io.export import write_cloud
    from conclu_pyg.io.file_cloud import FileCloud
    from conclu_pyg.io.formats import SUFFIXES
    from conclu_pyg.io.npy import read_npy

MODULES = {
    "Cloud": "clouds",
    "FileCloud": "file_cloud",
    "SUFFIXES": "formats",
    "read_clouds": "clouds",
    "read_npy": "npy",
    "write_cloud": "export",
}

__all__ = ["SUFFIXES", "Cloud", "FileCloud", "read_clouds", "read_npy", "write_cloud"]


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
