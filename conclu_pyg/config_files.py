"""Config files: YAML to plain values and back, and one file over those that its ``_base_`` names.

A config has the sections ``dataset``, ``model`` and ``pipeline``, each a mapping with ``name``, and may have
``imports``. It is plain YAML: OmegaConf parses and writes it (so that 1e-4 is a number, and a key that stands twice an
error), but its interpolations are refused, because a file from elsewhere must not read the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conclu_pyg.errors import ConfigError, one_line
from conclu_pyg.imports import beside
from conclu_pyg.paths import located, located_or_nearest

SECTIONS = ("dataset", "model", "pipeline")
KEYS = (*SECTIONS, "imports")
MAX_BYTES = 1 << 20  # a config is written by hand; anything larger is another file given by mistake
MAX_BASES = 16


def read_config(path: Path, chain: tuple[Path, ...] = ()) -> dict[str, Any]:
    """One file over its bases.

    Args:
        path: a YAML file.
        chain: the files whose bases led here.

    Raises:
        ConfigError: a file that is missing, too large, malformed or built on itself.
    """
    if path.resolve() in chain or len(chain) > MAX_BASES:
        raise ConfigError(
            f"{path}: '_base_' leads back to itself, or over more than {MAX_BASES} files: "
            f"{' -> '.join(map(str, (*chain, path)))}."
        )
    config = _read_yaml(path)
    if "imports" in config:
        config["imports"] = beside(config["imports"], path.parent)
    bases = config.pop("_base_", None) or []
    merged: dict[str, Any] = {}
    for base in bases if isinstance(bases, list) else [bases]:
        if not isinstance(base, str):
            raise ConfigError(f"{path}: '_base_' must be a file or a list of files, found {base!r}.")
        if not (path.parent / base).is_file():
            raise ConfigError(f"{path}: there is no '_base_' {located(path.parent / base)}.")
        merged = _merge(merged, read_config(path.parent / base, (*chain, path.resolve())))
    return _merge(merged, config)


def _read_yaml(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; give a config file, such as {path / 'config.yaml'}.")
    if not path.is_file():
        folders = {path.parent} if path.is_absolute() else {path.parent, Path(), Path("configs")}
        known = sorted(str(file) for folder in folders for file in folder.glob("*.yaml"))
        raise ConfigError(f"there is no config file {located_or_nearest(path, known)}")
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(f"{path} has {path.stat().st_size:,} bytes; a config has at most {MAX_BYTES:,}.")
    try:
        config = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not a YAML file: {one_line(error)}.") from error
    if not isinstance(config, dict):
        found = "a list" if isinstance(config, list) else repr(config)
        raise ConfigError(f"{path} must hold a mapping with the keys {', '.join(KEYS)}, found {found}.")
    return config


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` on top of ``base``; a mapping whose ``name`` changes starts anew, at any depth."""
    merged = dict(base)
    for key, new in over.items():
        old = base.get(key)
        if isinstance(new, dict) and isinstance(old, dict) and not _is_renamed(old, new):
            new = _merge(old, new)
        merged[key] = new
    return merged


def _is_renamed(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return "name" in old and "name" in new and old["name"] != new["name"]


def parse_yaml(text: str) -> Any:
    """The values that YAML text holds.

    Raises:
        ValueError: it is not YAML, or not of mappings, lists, strings, numbers, true, false and null.
    """
    try:
        return OmegaConf.to_container(OmegaConf.create(text))
    except AssertionError as error:  # OmegaConf's own, where the whole text is a number
        raise ValueError("it is a single value, and no mapping") from error
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        raise ValueError(one_line(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def dump_config(config: Mapping[str, Any]) -> str:
    """The config as YAML text that :func:`load_config` reads back to the same values."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(config)))
