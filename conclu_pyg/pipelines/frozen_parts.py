"""Check of the encoders and decoders of a model that a training leaves as they are."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from torch import nn

from conclu_pyg.errors import ConcluWarning, ConfigError
from conclu_pyg.registry import DECODERS, ENCODERS, Registry


def check_frozen(model: nn.Module, components: Mapping[str, Registry], checkpoints: Mapping[str, str]) -> None:
    """Warn about frozen encoders and decoders with random weights.

    Args:
        model: the model that was built.
        components: the registries of its parts, by their names.
        checkpoints: the ``checkpoint`` of each part whose config has one.

    Raises:
        ConfigError: a frozen encoder and a frozen decoder of different checkpoints, or of one and none.
    """
    kinds = {key: kind for key, kind in components.items() if kind in (ENCODERS, DECODERS)}
    frozen = {key: checkpoints.get(key) for key in kinds if _is_frozen(getattr(model, key, None))}
    name = type(model).__name__
    if DECODERS in (kinds[key] for key in frozen) and len(set(frozen.values())) > 1:
        got = " and ".join(f"{key}.checkpoint={source or 'none'}" for key, source in frozen.items())
        raise ConfigError(
            f"{name}: expected one checkpoint for {' and '.join(frozen)}, which stay as they are, got {got}; give all "
            "of them the run that trained them together.",
            argument="checkpoint",
            got=got,
        )
    if untrained := [key for key, source in frozen.items() if source is None]:
        parts = " and ".join(untrained)
        warnings.warn(
            f"{name} does not train its {parts}, and the weights are random; see {untrained[0]}.checkpoint.",
            ConcluWarning,
            stacklevel=3,
        )


def _is_frozen(part: object) -> bool:
    parameters = list(part.parameters()) if isinstance(part, nn.Module) else []
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)
