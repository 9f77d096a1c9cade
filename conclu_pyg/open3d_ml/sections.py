"""Sections of a config from the arguments that Open3D-ML gives to a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conclu_pyg.errors import ConfigError

# Open3D-ML's script adds these to the sections of a config.
ADDED = ("cfg_tb", "device", "device_ids", "distributed", "mode", "rank", "seed", "split", "summary")


def section_of(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section of a config for a class, without what Open3D-ML adds to it.

    Args:
        name: the name of the class in the registry.
        arguments: of Open3D-ML, perhaps with mappings of its own type.
    """
    return {"name": name, **{key: _plain(value) for key, value in arguments.items() if key not in (*ADDED, "name")}}


def seed_of(arguments: Mapping[str, Any]) -> dict[str, int]:
    """Return ``{"seed": ...}`` if one is given: an integer, or the generator that Open3D-ML's script makes from its
    option ``--seed`` and gives instead of the seed in the config.

    Raises:
        ConfigError: the seed of the generator is not known.
    """
    given = arguments.get("seed")
    if isinstance(given, np.random.Generator):
        seed = getattr(given.bit_generator.seed_seq, "entropy", None)
        if not isinstance(seed, int):
            raise ConfigError(
                f"seed: expected a generator that was made from one integer, got {given!r}; give seed=0.",
                argument="seed",
                got=given,
            )
        return {"seed": seed}
    return {} if given is None else {"seed": given}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
