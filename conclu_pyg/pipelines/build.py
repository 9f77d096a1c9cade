"""One resolved config to the objects that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conclu_pyg.config import section_registries
from conclu_pyg.registry import DATASETS, PIPELINES
from conclu_pyg.seeding import seed_all


def build_pipeline(config: Mapping[str, Any]) -> Any:
    """Builds the model, the data set and the pipeline of a config, the model from ``pipeline.seed``.

    The data set comes first, for it knows the labels that a model may need; its clouds are read later.
    """
    dataset = DATASETS.build(config["dataset"])
    seed_all(config["pipeline"].get("seed", 0))
    model = section_registries(config)["model"].build(config["model"], labels=dataset.labels)
    return PIPELINES.build(config["pipeline"], model=model, dataset=dataset, config=config)
