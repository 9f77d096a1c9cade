"""Overrides of a config: ``section.key=value`` with YAML values."""

from __future__ import annotations

import copy
import glob
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conclu_pyg.config_files import KEYS, SECTIONS, parse_yaml
from conclu_pyg.errors import ConfigError, Issue
from conclu_pyg.io.find_files import missing_path
from conclu_pyg.suggestions import suggest

OWN_CLOUDS = "CloudFolder"  # the data set of dataset=FOLDER
# Options of the config's data set that dataset=FOLDER keeps. Others, such as the up axis, describe other clouds.
KEPT = (
    *("num_points", "min_points", "block_size", "block_overlap", "test_fraction"),
    *("on_error", "max_skipped", "seed", "cache_dir", "transform"),
)


def apply_overrides(config: Mapping[str, Any], overrides: Sequence[str], keys: Sequence[str] = KEYS) -> dict[str, Any]:
    """Return a config with ``section.key=value`` overrides applied.

    ``dataset=FOLDER`` is short for ``dataset.name=CloudFolder dataset.paths=FOLDER``, and so are a list of files, a
    pattern and several of them, ``dataset=[a, b]``. It keeps the options in :data:`KEPT` of the config's data set.

    Overrides of a ``name`` come first, outer ones before inner ones, because each discards the other keys of its
    mapping. (OmegaConf's own updates do neither that, nor refuse a key inside a number or string.)

    Args:
        config: a config, or another file of values.
        overrides: the overrides.
        keys: the keys that ``config`` may have (default: the sections of a config).

    Raises:
        ConfigError: one string instead of a list; no ``=``, an unknown section, a value that is not YAML, a key
            inside something that has no keys, or a folder that does not exist, all of them at once.
    """
    if isinstance(overrides, str):
        raise ConfigError(f"expected a list of overrides, got one string; write [{overrides!r}].", got=overrides)
    merged = copy.deepcopy(dict(config))
    parsed: list[tuple[str, list[str], Any]] = []
    issues: list[Issue] = []
    for override in overrides:
        try:
            parsed.append((override, *_parse_override(override, config, keys)))
        except ConfigError as error:
            issues += error.issues
    for override, place, value in sorted(parsed, key=lambda item: _rank(item[1])):
        try:
            if place == ["dataset"] and isinstance(value, str | list):
                value = _own_clouds(value, merged.get("dataset"), [item[1:] for item in parsed])
            _assign(merged, place, value)
        except LookupError as error:
            issues.append(_issue(override, error.args[0], got=value))
    if issues:
        raise ConfigError(*issues, source="the overrides" if len(issues) > 1 else "")
    return merged


@contextmanager
def overrides_in_errors(overrides: Sequence[str]) -> Iterator[None]:
    """Name the override, and not the config file, in an error about a value that an override of a valid form set."""
    try:
        yield
    except ConfigError as error:
        issues = []
        for issue in error.issues:
            path = issue.path.rpartition(", ")[2]  # without "stage NAME, "
            keys = [key for key in (*_keys(path), issue.argument) if key]
            setting = [override for override in overrides if _sets(override, keys)]
            message = f"override {setting[-1]!r}: {issue.message}" if setting else issue.message
            issues.append(issue._replace(message=message))
        own = sum(new != old for new, old in zip(issues, error.issues, strict=True))
        if own:
            rest = len(issues) - own
            both = f"{error.source} and the overrides" if error.source else ""
            error.describe(issues, both if rest else "the overrides" if own > 1 else "")
        raise


def _sets(override: str, keys: Sequence[str]) -> bool:
    """Return whether an override sets the value at ``keys``, or one that it is in."""
    path, _, text = override.partition("=")
    place = _keys(path)
    if place == ["dataset"] and len(keys) > 1 and not text.startswith("{"):
        place = ["dataset", "paths"]  # dataset=FOLDER keeps other options of the config
    return list(keys[: len(place)]) == place


def _issue(override: str, reason: str, hint: str = "", got: Any = ...) -> Issue:
    ending = "" if reason.endswith((".", "?")) else "."
    return Issue(f"override {override!r}: {reason}{ending}", hint, argument=override.partition("=")[0], got=got)


def _parse_override(override: str, config: Mapping[str, Any], known: Sequence[str]) -> tuple[list[str], Any]:
    """Return the keys and the value of an override.

    Args:
        override: ``section.key=value``.
        config: where the message about a key without its section finds the section.
        known: the keys that ``config`` may have.

    Raises:
        ConfigError: another form, an unknown section, or a value that is not YAML.
    """
    path, equals, text = override.partition("=")
    keys = _keys(path)
    if not (equals and all(keys)):
        raise ConfigError(_issue(override, "must be written as section.key=value, such as pipeline.epochs=10"))
    if keys[0] not in known:
        reason = f"unknown section {keys[0]!r}{suggest(keys[0], known)}"
        sections = [name for name in SECTIONS if isinstance(config.get(name), Mapping) and keys[0] in config[name]]
        if sections:
            reason = f"the section is missing; did you mean '{sections[0]}.{override}'?"
        raise ConfigError(_issue(override, reason, f"Sections: {', '.join(known)}."))
    try:
        (value,) = parse_yaml(f"value: {text}").values()
    except ValueError as error:
        raise ConfigError(_issue(override, f"the value is not YAML: {error}", got=text)) from error
    return keys, value


def _keys(path: str) -> list[str]:
    """Return the keys of a path: a, b, 0, c of ``a.b[0].c``."""
    return re.sub(r"\[(-?\d+)\]", r".\1", path).split(".")


def _own_clouds(paths: Any, dataset: Any, parsed: Sequence[tuple[list[str], Any]]) -> dict[str, Any]:
    """Return the section of ``dataset=FOLDER``.

    Args:
        paths: the value of the override.
        dataset: the section of the config.
        parsed: the keys and values of all overrides.

    Raises:
        LookupError: a path does not exist, or the name of another data set is given, too.
    """
    for keys, value in parsed:
        if keys == ["dataset", "name"] and value != OWN_CLOUDS:
            raise LookupError(f"it names clouds, and dataset.name={value} another data set; leave one of them out")
    for path in paths if isinstance(paths, list) else [paths]:
        place = os.path.expanduser(str(path))
        if glob.has_magic(place) or os.path.exists(place):
            continue
        reason = missing_path(Path(place))
        if str(path).isidentifier() and not reason.endswith("?"):
            reason = f"{reason.rstrip('.')}; if {path} is the name of a data set, write dataset.name={path}"
        raise LookupError(reason)
    kept = {key: dataset[key] for key in KEPT if key in dataset} if isinstance(dataset, Mapping) else {}
    return {"name": OWN_CLOUDS, "paths": paths, **kept}


def _rank(keys: Sequence[str]) -> int:
    """Return the order of an override: whole sections and names before all else, outer ones before inner ones."""
    return len(keys) if len(keys) == 1 or keys[-1] == "name" else sys.maxsize


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
