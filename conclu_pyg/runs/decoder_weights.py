"""Initialisation of a decoder from a trained run: the option ``checkpoint`` of every decoder's config."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from torch import nn

from conclu_pyg.errors import CheckpointError
from conclu_pyg.registry import DECODERS
from conclu_pyg.runs.checkpoint import Checkpoint, check_finite, load_weights
from conclu_pyg.runs.folder import find_checkpoint
from conclu_pyg.runs.other_arguments import other_arguments

logger = logging.getLogger(__name__)

DECODER = "decoder."  # begins the names of the weights of a model's decoder


def load_decoder(decoder: nn.Module, source: str, config: Mapping[str, Any] | None = None) -> None:
    """Load the weights of a decoder from a run of the same decoder, all of them. Logs what was loaded.

    Args:
        decoder: the decoder that ``config`` built.
        source: a checkpoint, or a run folder: its best checkpoint if it has one, otherwise its last.
        config: the config of the decoder (default: the name and the arguments are not compared).

    Raises:
        CheckpointError: no checkpoint; its decoder has another name, other arguments (defaults included), or weights
            of other names, shapes or number types; or a weight is not finite.
    """
    path = find_checkpoint(source)
    checkpoint = Checkpoint.load(path)
    found = {
        name.removeprefix(DECODER): value for name, value in checkpoint.weights.items() if name.startswith(DECODER)
    }
    trained = checkpoint.config["model"].get("decoder")
    others = {} if config is None else other_arguments(DECODERS, config, trained)
    if others:
        listed = "; ".join(f"expected {key} {here!r}, got {there!r}" for key, (there, here) in others.items())
        raise CheckpointError(
            f"{path} does not fit {type(decoder).__name__}: {listed}; give the decoder, and the arguments, of the "
            "run's config.yaml.",
            file=path,
        )
    check_finite(found, str(path))
    load_weights(decoder, found, str(path))
    logger.info(f"decoder: {len(found)} tensors loaded from {path}")
