"""Unsupervised pre-training of point cloud encoders by contrasting and clustering (ConClu).

Importing the package is light: the registries are here, and each imports what it registers when it is first asked.
"""

import logging

from conclu_pyg.registry import (
    CLUSTERERS,
    DATASETS,
    ENCODERS,
    HEADS,
    METHODS,
    NEIGHBORS,
    PIPELINES,
    TASKS,
    TRANSFORMS,
    Registry,
)

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent until a program configures logging

__all__ = [
    "CLUSTERERS",
    "DATASETS",
    "ENCODERS",
    "HEADS",
    "METHODS",
    "NEIGHBORS",
    "PIPELINES",
    "TASKS",
    "TRANSFORMS",
    "Registry",
    "__version__",
]
