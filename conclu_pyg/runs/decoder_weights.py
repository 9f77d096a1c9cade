"""Initialisation of a decoder from a trained run: the option ``checkpoint`` of every decoder's config."""

from __future__ import annotations

import logging

from torch import nn

from conclu_pyg.errors import CheckpointError
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import find_checkpoint

logger = logging.getLogger(__name__)

DECODER = "decoder."  # begins the names of the weights of a model's decoder


def load_decoder(decoder: nn.Module, source: str) -> None:
    """Load the weights of a decoder from a run of the same decoder. Logs what was loaded.

    Args:
        decoder: the decoder.
        source: a checkpoint, or a run folder: its best checkpoint if it has one, otherwise its last.

    Raises:
        CheckpointError: no checkpoint, or its decoder has other weights.
    """
    path = find_checkpoint(source)
    weights = Checkpoint.load(path).weights
    found = {name.removeprefix(DECODER): value for name, value in weights.items() if name.startswith(DECODER)}
    wanted = decoder.state_dict()
    for name in sorted({*wanted, *found}):
        expected, got = (list(of[name].shape) if name in of else "none" for of in (wanted, found))
        if expected != got:
            raise CheckpointError(
                f"{path} does not fit {type(decoder).__name__}: expected {name} of shape {expected}, got {got}; give "
                "a run with the same decoder and encoder, and the arguments of its config.yaml.",
                file=path,
            )
    decoder.load_state_dict(found)
    logger.info(f"decoder: {len(found)} tensors loaded from {path}")
