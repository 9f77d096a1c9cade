"""Files to one resolved config: ``_base_`` inheritance, typed overrides, and the modules a config imports.

A config has the sections ``dataset``, ``model`` and ``pipeline``, each a mapping with ``name``, and may have ``imports``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.registry import DATASETS, METHODS, PIPELINES, check_arguments, nearest

SECTIONS = {"dataset": DATASETS, "model": METHODS, "pipeline": PIPELINES}
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
    config: DictConfig | Mapping[str, Any], overrides: Sequence[str], source: str, folder: Path | None = None
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
    resolved = _plain(apply_overrides(config, overrides), source)
    if "imports" in resolved:
        resolved["imports"] = import_modules(resolved["imports"], folder or Path())
    check(resolved, source)
    return resolved


def apply_overrides(config: DictConfig | Mapping[str, Any], overrides: Sequence[str]) -> DictConfig:
    """Applies ``section.key=value`` overrides, those of a section's ``name`` first.

    Raises:
        ConfigError: no ``=``, an unknown section, a value that is not YAML, or a key inside something with no keys.
    """
    merged = OmegaConf.create(OmegaConf.to_container(config) if isinstance(config, DictConfig) else dict(config))
    assert isinstance(merged, DictConfig)
    pairs = [_parse_override(override) for override in overrides]
    for key, value in sorted(pairs, key=lambda pair: not pair[0].endswith(".name")):
        parent, _, last = key.rpartition(".")
        try:
            if last == "name" and OmegaConf.select(merged, key) not in (None, value):
                OmegaConf.update(merged, parent, {"name": value}, merge=False)
            else:
                OmegaConf.update(merged, key, value, merge=False, force_add=True)
        except (OmegaConfBaseException, TypeError, AttributeError, ValueError, IndexError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"the override {key}={value} cannot be applied: {reason}.") from error
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
    imports = [] if imports is None else imports
    if not isinstance(imports, list) or not all(isinstance(item, str) for item in imports):
        raise ConfigError(f"'imports' must be a list of module names or .py files, found {imports!r}.")
    imports = [str((folder / item).resolve()) if item.endswith(".py") else item for item in imports]
    for item in imports:
        try:
            if item.endswith(".py"):
                _import_file(Path(item))
            else:
                importlib.import_module(item)
        except ConcluError:
            raise
        except FileNotFoundError as error:
            raise ConfigError(f"'imports' names {item!r}, but there is no such file.") from error
        except Exception as error:
            raise ConfigError(
                f"'imports' names {item!r}, which cannot be imported: {type(error).__name__}: {error}."
            ) from error
    return imports


def check(config: Mapping[str, Any], source: str) -> None:
    """Refuses a config with unknown or missing sections, or with arguments that a section's class does not take.

    Raises:
        ConfigError, RegistryError: names the key and the nearest match.
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
        arguments = {name: value for name, value in section.items() if name != "name"}
        try:
            # What the surroundings offer (a built data set, say) is not in a file, so only what is there is checked.
            check_arguments(registry.get(section["name"]), arguments, offers=_Anything())
        except ConcluError as error:
            raise ConfigError(f"{source}, section {key!r}: {error}") from error


def dump_config(config: Mapping[str, Any]) -> str:
    """The config as YAML text that :func:`load_config` reads back to the same values."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(config)))


class _Anything(dict):  # type: ignore[type-arg]
    def __contains__(self, key: object) -> bool:
        return True


def _read(path: Path, chain: tuple[Path, ...]) -> DictConfig:
    """One file over its bases."""
    if path.resolve() in chain or len(chain) > MAX_BASES:
        raise ConfigError(f"{path}: '_base_' leads back to itself: {' -> '.join(map(str, (*chain, path)))}.")
    config = _read_yaml(path)
    bases = config.pop("_base_", None) or []
    merged = OmegaConf.create({})
    for base in [bases] if isinstance(bases, str) else bases:
        if not isinstance(base, str):
            raise ConfigError(f"{path}: '_base_' must be a file or a list of files, found {base!r}.")
        if not (path.parent / base).is_file():
            raise ConfigError(f"{path}: its '_base_' {path.parent / base} does not exist.")
        merged = _merge(merged, _read(path.parent / base, (*chain, path.resolve())))
    return _merge(merged, config)


def _read_yaml(path: Path) -> DictConfig:
    if not path.is_file():
        known = sorted(str(p) for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        raise ConfigError(f"there is no config file {path}{nearest(str(path), known)}")
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(f"{path} has {path.stat().st_size:,} bytes; a config has at most {MAX_BYTES:,}.")
    try:
        config = OmegaConf.create(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not a YAML file: {' '.join(str(error).split())}.") from error
    if not isinstance(config, DictConfig):
        raise ConfigError(f"{path} must hold a mapping with the keys {', '.join(KEYS)}, found {_kind(config)}.")
    return config


def _merge(base: DictConfig, over: DictConfig) -> DictConfig:
    """``over`` on top of ``base``; a mapping whose ``name`` changes starts anew, at any depth."""
    merged = base.copy()
    for key in over:
        new = over._get_node(key)
        old = merged._get_node(key)
        if isinstance(new, DictConfig) and isinstance(old, DictConfig) and not (new._is_none() or old._is_none()):
            renamed = "name" in new and "name" in old and new["name"] != old["name"]
            merged[key] = new if renamed else _merge(old, new)
        else:
            merged[key] = new
    return merged


def _parse_override(override: str) -> tuple[str, Any]:
    key, equals, text = override.partition("=")
    section = key.split(".")[0].split("[")[0]
    if not equals or not key:
        raise ConfigError(f"the override {override!r} must be written as section.key=value, e.g. pipeline.epochs=10.")
    if section not in KEYS:
        raise ConfigError(
            f"the override {override!r} names the unknown section {section!r}{nearest(section, KEYS)} "
            f"Sections: {', '.join(KEYS)}."
        )
    try:
        value = OmegaConf.create(f"value: {text}")
        assert isinstance(value, DictConfig)
        return key, OmegaConf.to_container(value)["value"]  # type: ignore[index,call-overload]
    except (yaml.YAMLError, OmegaConfBaseException, KeyError) as error:
        raise ConfigError(f"the override {override!r} has a value that is not YAML: {text!r}.") from error


def _plain(config: DictConfig, source: str) -> dict[str, Any]:
    try:
        plain = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{source} cannot be resolved: {str(error).splitlines()[0]}.") from error
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _kind(config: DictConfig | ListConfig) -> str:
    return "a list" if isinstance(config, ListConfig) else type(config).__name__


def _import_file(path: Path) -> None:
    """Imports a ``.py`` file once, under a module name that its path fixes."""
    name = f"conclu_pyg_user_{path.stem}_{abs(hash(str(path))):x}"
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
