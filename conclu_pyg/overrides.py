"""Overrides on the command line: ``section.key=value`` with YAML values."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from conclu_pyg.config_files import KEYS, parse_yaml
from conclu_pyg.errors import ConfigError
from conclu_pyg.nearest import nearest


def apply_overrides(config: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Applies ``section.key=value`` overrides; those of a ``name`` first, outer ones before inner ones, as each of
    them starts its mapping anew.

    Raises:
        ConfigError: no ``=``, an unknown section, a value that is not YAML (all of these at once), or a key inside
            something with no keys.
    """
    merged = copy.deepcopy(dict(config))
    parsed, faults = [], []
    for override in overrides:
        try:
            parsed.append((override, *_parse_override(override)))
        except ConfigError as error:
            faults.append(str(error))
    if len(faults) > 1:
        raise ConfigError("\n".join([f"{len(faults)} overrides cannot be used:", *(f"  {fault}" for fault in faults)]))
    if faults:
        raise ConfigError(faults[0])
    for override, keys, value in sorted(parsed, key=lambda item: _rank(item[1])):
        try:
            _assign(merged, keys, value)
        except LookupError as error:
            raise ConfigError(f"the override {override!r} cannot be applied: {error.args[0]}.") from error
    return merged


def _parse_override(override: str) -> tuple[list[str], Any]:
    """The keys, ``a.b[0].c`` as a, b, 0, c, and the value."""
    path, equals, text = override.partition("=")
    keys = re.sub(r"\[(-?\d+)\]", r".\1", path).split(".")
    if not (equals and all(keys)):
        raise ConfigError(f"the override {override!r} must be written as section.key=value, e.g. pipeline.epochs=10.")
    if keys[0] not in KEYS:
        raise ConfigError(
            f"the override {override!r} names the unknown section {keys[0]!r}{nearest(keys[0], KEYS)} "
            f"Sections: {', '.join(KEYS)}."
        )
    try:
        (value,) = parse_yaml(f"value: {text}").values()
    except ValueError as error:
        raise ConfigError(f"the override {override!r} has a value that is not YAML: {text!r}.") from error
    return keys, value


def _rank(keys: Sequence[str]) -> int:
    """When an override comes: names before all else, outer names before inner ones."""
    return len(keys) if keys[-1] == "name" else sys.maxsize


def _assign(node: Any, keys: Sequence[str], value: Any) -> None:
    """Sets what ``keys`` lead to from ``node``, with mappings made on the way where there is nothing.

    Raises:
        LookupError: there is something without such a key on the way.
    """
    key: Any
    key, *rest = keys
    if isinstance(node, list):
        if not re.fullmatch(r"-?\d+", key) or not -len(node) <= int(key) < len(node):
            raise LookupError(f"{key!r} is none of the {len(node)} items, which are counted from 0")
        key = int(key)
    elif not isinstance(node, dict):
        raise LookupError(f"{node!r} has no key {key!r}")
    if rest:
        if isinstance(node, dict) and node.get(key) is None:
            node[key] = {}
        _assign(node[key], rest, value)
        return
    if key == "name" and node.get(key) not in (None, value):
        node.clear()
    node[key] = value
