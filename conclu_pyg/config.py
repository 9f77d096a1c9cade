"""A config that is checked against the classes that it names: what training and evaluation start from.

Reading the files is the business of :mod:`conclu_pyg.config_files`, changing what they say on the command line that of
:mod:`conclu_pyg.overrides`, and importing the modules that they name that of :mod:`conclu_pyg.imports`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conclu_pyg.config_files import KEYS, MAX_BYTES, SECTIONS, dump_config, read_config
from conclu_pyg.errors import ConfigError, RegistryError
from conclu_pyg.imports import import_modules
from conclu_pyg.overrides import apply_overrides
from conclu_pyg.registry import Registry, built_from, check_arguments, nearest

__all__ = [
    "KEYS",
    "MAX_BYTES",
    "SECTIONS",
    "apply_overrides",
    "check",
    "dump_config",
    "import_modules",
    "load_config",
    "resolve",
]

# Arguments that the program gives to the class of a section, so that a config cannot.
RESERVED = {"pipeline": ("model", "dataset", "config")}


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
    return resolve(read_config(Path(path)), overrides, str(path), Path(path).parent)


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


def _check_part(config: Any, registry: Registry, where: str, reserved: Sequence[str] = ()) -> None:
    """Refuses arguments that the class does not take, here and in the configs among the arguments.

    What the surroundings offer (a built data set, say) is not in a file, so a missing argument is left to ``build``.
    """
    try:
        cls, arguments, _ = registry.look_up(config)
        check_arguments(cls, arguments, reserved=reserved, options=registry.options_of(cls))
    except RegistryError as error:
        raise ConfigError(f"{where}: {error}") from error
    for key, registry_of_part in built_from(cls).items():
        value = arguments.get(key)
        if value is None:  # the class has a part of its own for it, or says that it needs one
            continue
        parts = {f"{key}[{i}]": part for i, part in enumerate(value)} if isinstance(value, list) else {key: value}
        for name, part in parts.items():
            _check_part({"name": part} if isinstance(part, str) else part, registry_of_part, f"{where}.{name}")
            if isinstance(part, str):
                raise ConfigError(f"{where}.{name} must be a mapping, found {part!r} alone; write {{name: {part}}}.")


def _refuse_interpolation(value: Any, source: str) -> None:
    if isinstance(value, str) and "${" in value:
        raise ConfigError(f"{source} has the value {value!r}, but nothing is interpolated; write it out.")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _refuse_interpolation(child, source)
