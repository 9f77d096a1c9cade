"""Initialisation of an encoder from a trained run: the option ``checkpoint`` of every encoder's config."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from conclu_pyg.errors import CheckpointError, ConcluWarning
from conclu_pyg.registry import ENCODERS
from conclu_pyg.runs.checkpoint import ENCODER, Checkpoint, check_finite
from conclu_pyg.runs.fingerprint import config_fingerprint
from conclu_pyg.runs.folder import find_checkpoint
from conclu_pyg.runs.other_arguments import other_arguments
from conclu_pyg.runs.provenance import EncoderOrigin, Mismatches
from conclu_pyg.runs.render import render_datasets, render_mismatches
from conclu_pyg.text import pluralize

logger = logging.getLogger(__name__)

SHOWN = 12  # weights of each kind in the report


def load_pretrained(encoder: nn.Module, source: str, config: Mapping[str, Any] | None = None) -> EncoderOrigin:
    """Loads the encoder's weights from a run, and returns their origin. Logs what was loaded, missing and unexpected.

    A weight that the run lacks keeps its random value, and a weight that the encoder does not have is skipped. Both
    give a warning with their shapes, as do arguments that differ from the run's, which shapes mostly do not show.

    Args:
        encoder: the encoder that ``config`` built.
        source: a checkpoint, also of an encoder alone, or a run folder: its best checkpoint if it has one, otherwise
            its last.
        config: the config of the encoder (default: the arguments are not compared).

    Raises:
        CheckpointError: no checkpoint, or one without weights of an encoder; none of them, or one of another shape or
            number type, or with numbers that are not finite.
    """
    path = find_checkpoint(source)
    checkpoint = Checkpoint.load(path)
    found = {
        name.removeprefix(ENCODER): value for name, value in checkpoint.weights.items() if name.startswith(ENCODER)
    }
    wanted = encoder.state_dict()
    fitting = {name: value for name, value in found.items() if name in wanted}
    if not fitting:
        raise CheckpointError(
            f"{path} has no weights for {type(encoder).__name__}: it has those of "
            f"{_trained(checkpoint)}, such as {next(iter(found), 'none')}; give a run of the same encoder.",
            file=path,
        )
    for name, value in fitting.items():
        if value.dtype != wanted[name].dtype:
            raise CheckpointError(
                f"{path} does not fit {type(encoder).__name__}: {name} has dtype {value.dtype} instead of "
                f"{wanted[name].dtype}; give the run of an encoder with the same number types.",
                file=path,
            )
        if value.shape != wanted[name].shape:
            raise CheckpointError(
                f"{path} does not fit {type(encoder).__name__}: {name} of its {_trained(checkpoint)} has shape "
                f"{list(value.shape)} instead of {list(wanted[name].shape)}; give the encoder, and the arguments, of "
                "the run's config.yaml.",
                file=path,
            )
    check_finite(fitting, str(path))
    encoder.load_state_dict(fitting, strict=False)
    trained = checkpoint.config["model"].get("encoder")
    missing = {name: value for name, value in wanted.items() if name not in found}
    unexpected = {name: value for name, value in found.items() if name not in wanted}
    _report(str(path), checkpoint, fitting, missing, unexpected)
    mismatches = Mismatches(
        num_tensors=len(wanted),
        missing=len(missing),
        unexpected=len(unexpected),
        arguments={} if config is None else other_arguments(ENCODERS, config, trained),
    )
    if mismatches.arguments:
        differences = render_mismatches(Mismatches(len(wanted), arguments=mismatches.arguments))
        warnings.warn(
            f"the encoder of {path} was trained with other arguments: {'; '.join(differences)}; give the run's "
            "arguments unless that is intended, since its weights have another meaning here.",
            ConcluWarning,
            stacklevel=2,
        )
    return EncoderOrigin(
        source=str(path),
        dataset=checkpoint.dataset,
        method=str(checkpoint.config["model"]["name"]),
        losses=checkpoint.loss_names,
        epochs=checkpoint.epoch,
        up_axis=checkpoint.up_axis,
        command=checkpoint.command,
        seconds=checkpoint.seconds,
        fingerprint=config_fingerprint(
            checkpoint.config,
            checkpoint.dataset,
            "" if checkpoint.pretraining is None else checkpoint.pretraining.fingerprint,
        ),
        before=checkpoint.pretraining,
        mismatches=mismatches if missing or unexpected or mismatches.arguments else None,
    )


def _trained(checkpoint: Checkpoint) -> str:
    """Returns the name of the trained encoder, or of the method if its encoder has no name."""
    model = checkpoint.config["model"]
    encoder = model.get("encoder")
    return str((isinstance(encoder, Mapping) and encoder.get("name")) or model["name"])


def _history(checkpoint: Checkpoint) -> str:
    """``ConClu, 7 epochs on ModelNet40``, with what came before it."""
    method, before = checkpoint.config["model"]["name"], checkpoint.pretraining
    datasets = [] if before is None else [origin.dataset for origin in before.chain()]
    own = f"{method}, {pluralize(checkpoint.epoch, 'epoch')} on {checkpoint.dataset}"
    return own + (f", from {before.method} on {render_datasets(datasets)}" if before else "")


def _report(
    path: str,
    checkpoint: Checkpoint,
    fitting: dict[str, Tensor],
    missing: dict[str, Tensor],
    unexpected: dict[str, Tensor],
) -> None:
    """Logs what was loaded, and warns of the tensors that do not match."""
    logger.info(
        f"encoder: {len(fitting)} tensors, {sum(value.numel() for value in fitting.values()):,} values, loaded from "
        f"{path} ({_history(checkpoint)}); {len(missing)} missing, {len(unexpected)} unexpected"
    )
    if not missing and not unexpected:
        return
    lines = []
    for what, weights in (("missing in the checkpoint, stays random", missing), ("unexpected, not loaded", unexpected)):
        for name, value in list(weights.items())[:SHOWN]:
            lines.append(f"  {name} {list(value.shape)}: {what}")
        if len(weights) > SHOWN:
            lines.append(f"  and {len(weights) - SHOWN} more: {what}")
    first = f"the encoder and the weights in {path} do not match exactly:"
    warnings.warn(ConcluWarning(first, *lines), stacklevel=2)
