"""The interface of data sets, batches, cleaning and the cache."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
    from conclu_pyg.data.cached_split import cached
    from conclu_pyg.data.clean import RawCloud

__all__ = ["PointCloudDataset", "PointCloudSplit", "RawCloud", "cached"]

_MODULES = {"PointCloudDataset": "base", "PointCloudSplit": "base", "RawCloud": "clean", "cached": "cached_split"}


def __getattr__(name: str) -> Any:  # on first use: the readers need clean.py alone, without PyTorch
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"conclu_pyg.data.{_MODULES[name]}"), name)
