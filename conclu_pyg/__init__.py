"""Self-supervised learning on point clouds with PyTorch Geometric.

Importing the package is light: it imports the standard library alone. The registries import what they register, and the
names below their modules, when they are first used.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from conclu_pyg._version import __version__
from conclu_pyg.extras import EXTRAS, missing_extra

if TYPE_CHECKING:
    from conclu_pyg.catalog import list_names
    from conclu_pyg.clusterers.sinkhorn import SinkhornClusterer
    from conclu_pyg.embedder import ConcluEmbedder
    from conclu_pyg.encoders.dgcnn import DGCNN
    from conclu_pyg.encoders.pointnet import PointNet
    from conclu_pyg.methods.conclu import ConClu
    from conclu_pyg.nn.edge_conv import EdgeConv
    from conclu_pyg.registry import (
        CLUSTERERS,
        DATASETS,
        DECODERS,
        ENCODERS,
        HEADS,
        LOGGERS,
        METHODS,
        NEIGHBORS,
        PIPELINES,
        PROBES,
        TASKS,
        TRANSFORMS,
        Registry,
    )
    from conclu_pyg.runs.frozen_encoder import embed, load_encoder
    from conclu_pyg.runs.loaded_run import load_run


logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent until a program configures logging

_REGISTRIES = (
    *("CLUSTERERS", "DATASETS", "DECODERS", "ENCODERS", "HEADS", "LOGGERS", "METHODS", "NEIGHBORS", "PIPELINES"),
    *("PROBES", "TASKS", "TRANSFORMS", "Registry"),
)
# Names imported when they are first used, with their modules: the same as above, for type checkers.
_LAZY = {
    **dict.fromkeys(_REGISTRIES, "conclu_pyg.registry"),
    "ConClu": "conclu_pyg.methods.conclu",
    "ConcluEmbedder": "conclu_pyg.embedder",
    "DGCNN": "conclu_pyg.encoders.dgcnn",
    "EdgeConv": "conclu_pyg.nn.edge_conv",
    "PointNet": "conclu_pyg.encoders.pointnet",
    "SinkhornClusterer": "conclu_pyg.clusterers.sinkhorn",
    "embed": "conclu_pyg.runs.frozen_encoder",
    "list_names": "conclu_pyg.catalog",
    "load_encoder": "conclu_pyg.runs.frozen_encoder",
    "load_run": "conclu_pyg.runs.loaded_run",
}

__all__ = [
    "CLUSTERERS",
    "DATASETS",
    "DECODERS",
    "DGCNN",
    "ENCODERS",
    "HEADS",
    "LOGGERS",
    "METHODS",
    "NEIGHBORS",
    "PIPELINES",
    "PROBES",
    "TASKS",
    "TRANSFORMS",
    "ConClu",
    "ConcluEmbedder",
    "EdgeConv",
    "PointNet",
    "Registry",
    "SinkhornClusterer",
    "__version__",
    "embed",
    "list_names",
    "load_encoder",
    "load_run",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = globals()[name] = getattr(importlib.import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        raise ModuleNotFoundError(f"conclu_pyg.{name}: {missing_extra(package)}.", name=error.name) from error
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
