"""Readers of file formats, one module each; :func:`~conclu_pyg.io.clouds.read_clouds` chooses by the suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conclu_pyg.io.clouds import SUFFIXES, Cloud, read_clouds
    from conclu_pyg.io.npy import read_npy

__all__ = ["SUFFIXES", "Cloud", "read_clouds", "read_npy"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from conclu_pyg.io import clouds  # imported on first use, as h5py takes a moment

    return getattr(clouds, name)
