"""Files to one resolved config: ``_base_`` inheritance, typed overrides, and the modules a config imports.

A config has the sections ``dataset``, ``model`` and ``pipeline``, each a mapping with ``name``, and may have
``imports``. It is plain YAML: OmegaConf parses and writes it (so that 1e-4 is a number, and a key that stands twice an
error), but its interpolations are refused, because a file from elsewhere must not read the environment.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import re
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conclu_pyg.errors import ConcluError, ConfigError, RegistryError
from conclu_pyg.registry import DATASETS, METHODS, PIPELINES, Registry, built_from, check_arguments, nearest

SECTIONS = {"dataset": DATASETS, "model": METHODS, "pipeline": PIPELINES}
# Arguments that the program gives to the class of a section, so that a config cannot.
RESERVED = {"pipeline": ("model", "dataset", "config")}
KEYS = (*SECTIONS, "imports")
MAX_BYTES = 1 << 20  # a config is written by hand; anything larger is another file given by mistake
MAX_BASES = 16


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Reads a config file, its bases and the command line's overrides into one plain dictionary.

    Changing a section's ``name``, in a file over its base or by an override, starts that section anew: the arguments
    of another class are not carried over.

    Args:
        path: a YAML file.
        overrides: ``section.key=value`` with YAML values, such as ``pipeline.lr=1e-4`` or ``dataset.download=true``.

    Raises:
        ConfigError: a file that is missing, too large, malformed or built on itself; an unknown section or key.
    """
    return resolve(_read(Path(path), ()), overrides, str(path), Path(path).parent)


def resolve(
    config: Mapping[str, Any], overrides: Sequence[str], source: str, folder: Path | None = None
) -> dict[str, Any]:
    """Applies overrides to a config, imports the modules that it names, and checks it.

    Args:
        config: as read from a file, or the resolved config of a run.
        overrides: as for :func:`load_config`.
        source: what messages call the config.
        folder: what the ``.py`` files among its imports are relative to (default: the working folder).

    Raises:
        ConfigError: as :func:`load_config`.
    """
    resolved = apply_overrides(config, overrides)
    _refuse_interpolation(resolved, source)
    if "imports" in resolved:
        resolved["imports"] = import_modules(resolved["imports"], folder or Path())
    check(resolved, source)
    return resolved


def apply_overrides(config: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Applies ``section.key=value`` overrides; those of a ``name`` first, outer ones before inner ones, as each of
    them starts its mapping anew.

    Raises:
        ConfigError: no ``=``, an unknown section, a value that is not YAML, or a key inside something with no keys.
    """
    merged = copy.deepcopy(dict(config))
    parsed = [(override, *_parse_override(override)) for override in overrides]
    for override, keys, value in sorted(parsed, key=lambda item: _rank(item[1])):
        try:
            _assign(merged, keys, value)
        except LookupError as error:
            raise ConfigError(f"the override {override!r} cannot be applied: {error.args[0]}.") from error
    return merged


def import_modules(imports: Any, folder: Path) -> list[str]:
    """Imports the modules that a config names, so that they can register their classes.

    Args:
        imports: module names (``my_package.nets``) or paths of ``.py`` files, relative to ``folder``.
        folder: where the config file is.

    Returns:
        the same list with absolute file paths, so that the config of a run works from anywhere on this machine.

    Raises:
        ConfigError: ``imports`` is not a list of strings, or a module is missing or fails.
    """
    imports = [] if imports is None else _beside(imports, folder)
    if not isinstance(imports, list) or not all(isinstance(item, str) for item in imports):
        raise ConfigError(f"'imports' must be a list of module names or .py files, found {imports!r}.")
    for item in imports:
        if item.endswith(".py") and not Path(item).is_file():
            raise ConfigError(f"'imports' names {item!r}, but there is no such file.")
        try:
            if item.endswith(".py"):
                _import_file(Path(item))
            else:
                importlib.import_module(item)
        except ConcluError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {_one_line(error)}"
            raise ConfigError(f"'imports' names {item!r}, which cannot be imported: {reason}.") from error
    return imports


def check(config: Mapping[str, Any], source: str) -> None:
    """Refuses a config with unknown or missing sections, or with arguments that the classes it names do not take.

    Raises:
        ConfigError: names the key and the nearest match.
    """
    for key in config:
        if key not in KEYS:
            raise ConfigError(f"{source} has the unknown key {key!r}{nearest(str(key), KEYS)} Keys: {', '.join(KEYS)}.")
    for key, registry in SECTIONS.items():
        section = config.get(key)
        if not isinstance(section, Mapping) or "name" not in section:
            raise ConfigError(
                f"{source} needs the section {key!r} with a 'name', found {section!r}; names: {', '.join(registry)}."
            )
        _check_part(section, registry, f"{source}, {key}", RESERVED.get(key, ()))


def dump_config(config: Mapping[str, Any]) -> str:
    """The config as YAML text that :func:`load_config` reads back to the same values."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(config)))


def _check_part(config: Mapping[str, Any], registry: Registry, where: str, reserved: Sequence[str] = ()) -> None:
    """Refuses arguments that the class does not take, here and in the configs among the arguments.

    What the surroundings offer (a built data set, say) is not in a file, so a missing argument is left to ``build``.
    """
    try:
        cls, arguments = registry.look_up(config)
        check_arguments(cls, arguments, reserved=reserved)
    except RegistryError as error:
        raise ConfigError(f"{where}: {error}") from error
    for key, registry_of_part in built_from(cls).items():
        value = arguments.get(key)
        parts = {f"{key}[{i}]": part for i, part in enumerate(value)} if isinstance(value, list) else {key: value}
        for name, part in parts.items():
            if isinstance(part, Mapping) and "name" in part:
                _check_part(part, registry_of_part, f"{where}.{name}")


def _refuse_interpolation(value: Any, source: str) -> None:
    if isinstance(value, str) and "${" in value:
        raise ConfigError(f"{source} has the value {value!r}, but nothing is interpolated; write it out.")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _refuse_interpolation(child, source)


def _read(path: Path, chain: tuple[Path, ...]) -> dict[str, Any]:
    """One file over its bases."""
    if path.resolve() in chain or len(chain) > MAX_BASES:
        raise ConfigError(
            f"{path}: '_base_' leads back to itself, or over more than {MAX_BASES} files: "
            f"{' -> '.join(map(str, (*chain, path)))}."
        )
    config = _read_yaml(path)
    if "imports" in config:
        config["imports"] = _beside(config["imports"], path.parent)
    bases = config.pop("_base_", None) or []
    merged: dict[str, Any] = {}
    for base in bases if isinstance(bases, list) else [bases]:
        if not isinstance(base, str):
            raise ConfigError(f"{path}: '_base_' must be a file or a list of files, found {base!r}.")
        if not (path.parent / base).is_file():
            raise ConfigError(f"{path}: its '_base_' {path.parent / base} does not exist.")
        merged = _merge(merged, _read(path.parent / base, (*chain, path.resolve())))
    return _merge(merged, config)


def _read_yaml(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; give a config file, such as {path / 'config.yaml'}.")
    if not path.is_file():
        known = sorted(str(p) for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        raise ConfigError(f"there is no config file {path}{nearest(str(path), known)}")
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(f"{path} has {path.stat().st_size:,} bytes; a config has at most {MAX_BYTES:,}.")
    try:
        config = _parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not a YAML file: {_one_line(error)}.") from error
    if not isinstance(config, dict):
        found = "a list" if isinstance(config, list) else repr(config)
        raise ConfigError(f"{path} must hold a mapping with the keys {', '.join(KEYS)}, found {found}.")
    return config


def _parse(text: str) -> Any:
    """The values that YAML text holds.

    Raises:
        ValueError: it is not YAML, or not of mappings, lists, strings, numbers, true, false and null.
    """
    try:
        return OmegaConf.to_container(OmegaConf.create(text))
    except AssertionError as error:  # OmegaConf's own, where the whole text is a number
        raise ValueError("it is a single value, and no mapping") from error
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        raise ValueError(_one_line(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


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
        (value,) = _parse(f"value: {text}").values()
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


def _beside(imports: Any, folder: Path) -> Any:
    """``imports`` with the paths of ``.py`` files made absolute, from ``folder``."""
    if not isinstance(imports, list):
        return imports
    files = [isinstance(item, str) and item.endswith(".py") for item in imports]
    return [str((folder / item).resolve()) if file else item for item, file in zip(imports, files, strict=True)]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _import_file(path: Path) -> None:
    """Imports a ``.py`` file once, under a module name that its path fixes."""
    name = f"conclu_pyg_user_{path.stem}_{zlib.crc32(str(path).encode()):08x}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
