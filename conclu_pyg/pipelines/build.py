"""One resolved config to the objects that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conclu_pyg.engine.seeding import seed_all
from conclu_pyg.registry import DATASETS, METHODS, PIPELINES


def build_pipeline(config: Mapping[str, Any]) -> Any:
    """Builds the model, the data set and the pipeline of a config, the model from ``pipeline.seed``.

    The model comes first: it is quick, so that a wrong argument is known before the data are read.
    """
    seed_all(config["pipeline"].get("seed", 0))
    model = METHODS.build(config["model"])
    dataset = DATASETS.build(config["dataset"])
    return PIPELINES.build(config["pipeline"], model=model, dataset=dataset, config=config)
