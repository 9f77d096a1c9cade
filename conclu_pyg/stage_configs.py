"""Configs of several stages: one complete config for each.

.. code-block:: yaml

    stages:
      contrast:
        pipeline: {epochs: 100}
      clusters:
        model: {encoder: {checkpoint: contrast}}  # the run of the stage of that name
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conclu_pyg.config_files import merge
from conclu_pyg.errors import ConfigError

KEY = "checkpoint"  # its value may be the name of an earlier stage, anywhere in a stage's config


def split_stages(config: Mapping[str, Any], source: str) -> dict[str, dict[str, Any]]:
    """Return the complete config of each stage: its own sections over those that all stages share.

    Args:
        config: with the key ``stages``, a mapping from the name of each stage to its sections.
        source: the name of the config in messages.

    Raises:
        ConfigError: ``stages`` is something else, a name that cannot be that of a folder, or a ``checkpoint`` that
            names the stage itself or a later one.
    """
    stages = config["stages"]
    if not isinstance(stages, Mapping) or not stages or not all(isinstance(own, Mapping) for own in stages.values()):
        raise ConfigError(
            f"{source}: stages must be a mapping from the name of each stage to its sections, got {stages!r:.80}.",
            file=source,
            got=stages,
        )
    common = {key: value for key, value in config.items() if key != "stages"}
    split: dict[str, dict[str, Any]] = {}
    for name, own in stages.items():
        if not re.fullmatch(r"\w[\w-]*", str(name)):
            raise ConfigError(
                f"{source}: the name of a stage is that of its folder and must consist of letters, digits, _ and -, "
                f"got {name!r}.",
                file=source,
                got=name,
            )
        stage = merge(common, own)
        later = [other for other in stages if other not in split]
        for value in _checkpoints(stage):
            if value in later:
                raise ConfigError(
                    f"{source}: the stage {name} needs the checkpoint of {value}, which is not before it.",
                    file=source,
                    argument="checkpoint",
                    got=value,
                )
        split[str(name)] = stage
    return split


def resolve_checkpoints(value: Any, folders: Mapping[str, str]) -> Any:
    """Return a config in which each ``checkpoint`` that names a stage is the folder of that stage."""
    if isinstance(value, Mapping):
        return {
            key: folders[inner] if key == KEY and inner in folders else resolve_checkpoints(inner, folders)
            for key, inner in value.items()
        }
    return [resolve_checkpoints(item, folders) for item in value] if isinstance(value, list) else value


def _checkpoints(value: Any) -> list[str]:
    """Return the strings under ``checkpoint`` at any depth."""
    inner = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    own = [value[KEY]] if isinstance(value, Mapping) and isinstance(value.get(KEY), str) else []
    return own + [found for item in inner for found in _checkpoints(item)]
