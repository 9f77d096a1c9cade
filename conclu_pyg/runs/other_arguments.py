"""Differences between the config of a trained component and the one that takes its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conclu_pyg.arguments import resolved_arguments
from conclu_pyg.errors import RegistryError
from conclu_pyg.registry import NEIGHBORS, Registry, components_of


def other_arguments(registry: Registry, config: Mapping[str, Any], trained: Any) -> dict[str, tuple[Any, Any]]:
    """Return the arguments whose values differ, defaults included: the trained component's value and the one of
    ``config``. If the names differ, no arguments are compared, since nothing relates those of one class to those of
    another.

    Args:
        registry: of both components.
        config: the config of the component that takes the weights.
        trained: the config of the trained one, from a checkpoint; anything but a mapping is compared with nothing.
    """
    if not isinstance(trained, Mapping):
        return {}
    if config["name"] != trained.get("name"):
        return {"name": (trained.get("name"), config["name"])}
    try:
        cls, here, _ = registry.parse(config)
        _, there, _ = registry.parse(trained)
    except RegistryError:  # a damaged config; the weights fit
        return {}
    settings, before = resolved_arguments(cls, here), resolved_arguments(cls, there)
    same = [key for key, part in components_of(cls).items() if part is NEIGHBORS]  # all are exact
    return {
        key: (_plain(before.get(key)), _plain(settings.get(key)))
        for key in sorted({*settings, *before} - {*same, "checkpoint"})
        if _plain(before.get(key)) != _plain(settings.get(key))
    }


def _plain(value: Any) -> Any:
    """Return tuples as lists, as a config holds them."""
    return list(value) if isinstance(value, tuple) else value
