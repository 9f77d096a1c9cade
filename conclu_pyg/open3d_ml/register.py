"""Registration of classes in the registries of Open3D-ML."""

from __future__ import annotations

from typing import Any

from conclu_pyg.errors import RegistryError
from conclu_pyg.open3d_ml.dataset import Open3DMLDataset, dataset_class
from conclu_pyg.open3d_ml.library import import_open3d_ml
from conclu_pyg.open3d_ml.model import Open3DMLModel, model_class
from conclu_pyg.open3d_ml.pipeline import Open3DMLPipeline, pipeline_class
from conclu_pyg.registry import DATASETS, METHODS, PIPELINES, TASKS

FRAMEWORK = "torch"
OURS = (Open3DMLDataset, Open3DMLModel, Open3DMLPipeline)


def register() -> None:
    """Register every data set, model and pipeline of this package that Open3D-ML does not have yet.

    Raises:
        RegistryError: Open3D-ML has another class of such a name.
        ConcluError: Open3D or a package of Open3D-ML is not installed.
    """
    utils = import_open3d_ml("utils")
    for name in DATASETS:
        _add(utils.DATASET, name, dataset_class(name))
    for name in (*METHODS, *TASKS):
        _add(utils.MODEL, name, model_class(name), FRAMEWORK)
    for name in PIPELINES:
        _add(utils.PIPELINE, name, pipeline_class(name), FRAMEWORK)


def _add(registry: Any, name: str, cls: type, framework: str | None = None) -> None:
    known = registry.module_dict.get(framework, {}) if framework else registry.module_dict
    present = known.get(name)
    if present is None:
        registry._register_module(cls, framework, name)
    elif not issubclass(present, OURS):
        raise RegistryError(
            f"Open3D-ML's {registry.name} already has {name!r}, which is {present.__module__}.{present.__qualname__}; "
            "register the class of conclu_pyg by another name.",
            argument="name",
            got=name,
        )
