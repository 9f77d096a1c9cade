"""Overrides of a config: ``section.key=value`` with YAML values."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from conclu_pyg.config_files import KEYS, SECTIONS, parse_yaml
from conclu_pyg.errors import ConfigError, Issue
from conclu_pyg.suggestions import suggest


def apply_overrides(config: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return a config with ``section.key=value`` overrides applied.

    Overrides of a ``name`` come first, outer ones before inner ones, because each discards the other keys of its
    mapping. (OmegaConf's own updates do neither that, nor refuse a key inside a number or string.)

    Raises:
        ConfigError: one string instead of a list; no ``=``, an unknown section, a value that is not YAML, or a key
            inside something that has no keys, all of them at once.
    """
    if isinstance(overrides, str):
        raise ConfigError(f"expected a list of overrides, got one string; write [{overrides!r}].", got=overrides)
    merged = copy.deepcopy(dict(config))
    parsed: list[tuple[str, list[str], Any]] = []
    issues: list[Issue] = []
    for override in overrides:
        try:
            parsed.append((override, *_parse_override(override, config)))
        except ConfigError as error:
            issues += error.issues
    for override, keys, value in sorted(parsed, key=lambda item: _rank(item[1])):
        try:
            _assign(merged, keys, value)
        except LookupError as error:
            issues.append(_issue(override, error.args[0], got=value))
    if issues:
        raise ConfigError(*issues, source="the overrides" if len(issues) > 1 else "")
    return merged


def _issue(override: str, reason: str, hint: str = "", got: Any = ...) -> Issue:
    ending = "" if reason.endswith((".", "?")) else "."
    return Issue(f"override {override!r}: {reason}{ending}", hint, argument=override.partition("=")[0], got=got)


def _parse_override(override: str, config: Mapping[str, Any]) -> tuple[list[str], Any]:
    """Return the keys, ``a.b[0].c`` as a, b, 0, c, and the value; a key without its section is looked up in the config,
    for the message."""
    path, equals, text = override.partition("=")
    keys = re.sub(r"\[(-?\d+)\]", r".\1", path).split(".")
    if not (equals and all(keys)):
        raise ConfigError(_issue(override, "must be written as section.key=value, such as pipeline.epochs=10"))
    if keys[0] not in KEYS:
        reason = f"unknown section {keys[0]!r}{suggest(keys[0], KEYS)}"
        sections = [name for name in SECTIONS if isinstance(config.get(name), Mapping) and keys[0] in config[name]]
        if sections:
            reason = f"the section is missing; did you mean '{sections[0]}.{override}'?"
        raise ConfigError(_issue(override, reason, f"Sections: {', '.join(KEYS)}."))
    try:
        (value,) = parse_yaml(f"value: {text}").values()
    except ValueError as error:
        raise ConfigError(_issue(override, f"the value is not YAML: {error}", got=text)) from error
    return keys, value


def _rank(keys: Sequence[str]) -> int:
    """Return the order of an override: names before all else, outer names before inner ones."""
    return len(keys) if keys[-1] == "name" else sys.maxsize


def _assign(node: Any, keys: Sequence[str], value: Any) -> None:
    """Set the value at ``keys`` below ``node``, and create missing mappings on the way.

    Raises:
        LookupError: a list has no such item, or a number or string stands on the way.
    """
    key: Any
    key, *rest = keys
    if isinstance(node, list):
        if not re.fullmatch(r"-?\d+", key) or not -len(node) <= int(key) < len(node):
            raise LookupError(f"{key!r} is none of the {len(node)} items, whose indices start at 0")
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
