"""Config files: YAML to plain values and back, and the merge of a file over its ``_base_``.

A config has the sections ``dataset``, ``model`` and ``pipeline``, each a mapping with ``name``, and may have
``imports``. It is plain YAML: OmegaConf parses and writes it (so that 1e-4 is a number, and a duplicate key an error),
but its interpolations are refused, because a file from elsewhere must not read the environment.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conclu_pyg.errors import ConfigError, one_line
from conclu_pyg.imports import resolve_paths
from conclu_pyg.paths import with_cwd, with_cwd_or_suggestion
from conclu_pyg.shipped_configs import shipped_configs, shipped_tables
from conclu_pyg.text import command

SECTIONS = ("dataset", "model", "pipeline")
KEYS = (*SECTIONS, "imports", "stages")
MAX_BYTES = 1 << 20  # a config is written by hand; a larger file was given by mistake
MAX_DEPTH = 16  # of bases of bases
MAX_FILES = 64  # that are read for one config; a file that two others have as a base counts twice
# Numbers that YAML 1.1 reads in base 8 or 60.
OTHER_BASES = re.compile(r"[-+]?(0[0-7_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")


def read_config(path: Path) -> dict[str, Any]:
    """Read one file over its bases.

    Args:
        path: a YAML file.

    Raises:
        ConfigError: a file that is missing, too large, malformed or its own base, or too many bases.
    """
    return _read_over_bases(path, (), itertools.count(1))


def _read_over_bases(path: Path, chain: tuple[Path, ...], files: Iterator[int]) -> dict[str, Any]:
    """Read a file that is a base of the last file of ``chain``, with a count of the files that are read."""
    if path.resolve() in chain or len(chain) > MAX_DEPTH:
        raise ConfigError(
            f"{path}: '_base_' leads back to itself, or over more than {MAX_DEPTH} files: "
            f"{' -> '.join(map(str, (*chain, path)))}.",
            file=path,
        )
    if next(files) > MAX_FILES:
        raise ConfigError(
            f"{(*chain, path)[0]} is made of more than {MAX_FILES} files; name fewer as '_base_'.", file=path
        )
    config = _read_yaml(path)
    if "imports" in config:
        config["imports"] = resolve_paths(config["imports"], path.parent)
    bases = config.pop("_base_", None) or []
    merged: dict[str, Any] = {}
    for base in bases if isinstance(bases, list) else [bases]:
        if not isinstance(base, str):
            raise ConfigError(f"{path}: '_base_' must be a file or a list of files, got {base!r}.", file=path, got=base)
        file = path.parent / base
        file = file if file.is_file() else {**shipped_configs(), **shipped_tables()}.get(base, file)
        if not file.is_file():
            raise ConfigError(
                f"{path}: there is no '_base_' {with_cwd(file)}; give a file relative to this one, or the name of a "
                "config of the package, such as conclu_pointnet.",
                file=path,
            )
        merged = merge(merged, _read_over_bases(file, (*chain, path.resolve()), files))
    return merge(merged, config)


def _read_yaml(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise ConfigError(
            f"{path} is a folder, not a config file; to train on the clouds in it, give "
            f"`{command('train')} conclu_pointnet dataset={path}`.",
            file=path,
        )
    if not path.is_file():
        folders = {path.parent} if path.is_absolute() else {path.parent, Path(), Path("configs")}
        known = sorted(str(file) for folder in folders for file in folder.glob("*.yaml"))
        known += [name for name in shipped_configs() if Path("configs", f"{name}.yaml") not in map(Path, known)]
        raise ConfigError(f"there is no config file {with_cwd_or_suggestion(path, known)}")
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(f"{path} has {path.stat().st_size:,} bytes; a config has at most {MAX_BYTES:,}.", file=path)
    try:
        config = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", file=path) from error
    except ValueError as error:
        raise ConfigError(f"{path} is not a YAML file: {one_line(error)}.", file=path) from error
    if not isinstance(config, dict):
        found = "a list" if isinstance(config, list) else repr(config)
        raise ConfigError(
            f"{path} must hold a mapping with the keys {', '.join(KEYS)}, got {found}.", file=path, got=found
        )
    return config


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` updated with ``over``; a mapping whose ``name`` changes is replaced, at any depth."""
    merged = dict(base)
    for key, new in over.items():
        old = base.get(key)
        if isinstance(new, dict) and isinstance(old, dict) and not _is_renamed(old, new):
            new = merge(old, new)
        merged[key] = new
    return merged


def _is_renamed(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return "name" in old and "name" in new and old["name"] != new["name"]


def parse_yaml(text: str) -> Any:
    """Return the values in YAML text.

    Raises:
        ValueError: it is not YAML, has values other than mappings, lists, strings, numbers, true, false and null, or
            has a number that YAML 1.1 reads in base 8 or 60, such as an id with a leading zero.
    """
    try:
        values = OmegaConf.to_container(OmegaConf.create(text))
        _refuse_other_bases(text)
        return values
    except AssertionError as error:  # OmegaConf's own, where the whole text is a number
        raise ValueError("it is a single value, not a mapping") from error
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        raise ValueError(one_line(error).replace(' in "<unicode string>",', " at")) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _refuse_other_bases(text: str) -> None:
    for token in yaml.scan(text):
        if isinstance(token, yaml.ScalarToken) and token.plain and OTHER_BASES.fullmatch(token.value):
            raise ValueError(f"YAML reads {token.value} as a number in base 8 or 60; quote it: '{token.value}'")


def dump_config(config: Mapping[str, Any]) -> str:
    """Return the config as YAML text that :func:`read_config` reads back to the same values."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(config)))
