"""A resolved config to the objects that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from conclu_pyg.config import error_context, section_registries, split_checkpoints
from conclu_pyg.errors import ConfigError
from conclu_pyg.pipelines.frozen_parts import check_frozen
from conclu_pyg.registry import DATASETS, DECODERS, ENCODERS, PIPELINES, components_of
from conclu_pyg.runs.decoder_weights import load_decoder
from conclu_pyg.runs.pretrained import load_pretrained
from conclu_pyg.seeding import seed_all


def build_pipeline(config: Mapping[str, Any], source: str = "") -> Any:
    """Build the model, the data set and the pipeline of a config, the model from ``pipeline.seed``.

    The data set comes first, because a model may need its labels; its clouds are read later. An encoder whose config
    has a ``checkpoint`` is built and loaded before the model, which may copy it (as a momentum encoder does); a decoder
    is loaded afterwards, since its input is the model's.

    Args:
        config: as :func:`~conclu_pyg.config.load_config` returns it.
        source: what error messages call the config (default: nothing).

    Raises:
        ConfigError: an argument or a combination of arguments that a class refuses, with the part of the config.
        CheckpointError: the checkpoint of an encoder or decoder that is missing or does not fit.
    """
    built, checkpoints = split_checkpoints(config)
    with error_context(built, source):
        dataset = DATASETS.build(config["dataset"])
        seed_all(config["pipeline"].get("seed", 0))
        registry = section_registries(config)["model"]
        loaded, origins = {}, {}
        parts = components_of(registry.get(config["model"]["name"]))
        decoders = {key: source for key, source in checkpoints.items() if parts.get(key) is DECODERS}
        for key, checkpoint in checkpoints.items():
            if key in decoders:
                continue
            loaded[key] = ENCODERS.build(built["model"][key])
            origins[key] = load_pretrained(loaded[key], checkpoint, built["model"][key])
        model_config = {**built["model"], **loaded} if loaded else built["model"]
        with error_context({**built, "model": model_config}, source):
            model = registry.build(model_config, labels=dataset.labels)
        for key, checkpoint in decoders.items():
            if not isinstance(part := getattr(model, key, None), nn.Module):
                name = type(model).__name__
                raise ConfigError(
                    f"{name}: {key}.checkpoint is for a model with one decoder of this name, got {name}, which makes "
                    "others of the config; leave it out.",
                    argument="checkpoint",
                    got=checkpoint,
                )
            load_decoder(part, checkpoint, built["model"][key])
        check_frozen(model, parts, checkpoints)
        return PIPELINES.build(
            config["pipeline"], model=model, dataset=dataset, config=config, pretraining=origins.get("encoder")
        )
