"""A config that is checked against the classes that it names: what training and evaluation start from.

Reading the files is the business of :mod:`conclu_pyg.config_files`, changing what they say on the command line that of
:mod:`conclu_pyg.overrides`, and importing the modules that they name that of :mod:`conclu_pyg.imports`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conclu_pyg.arguments import check_arguments
from conclu_pyg.config_files import KEYS, MAX_BYTES, SECTIONS, dump_config, read_config
from conclu_pyg.errors import ConfigError, Fault, RegistryError, in_words
from conclu_pyg.imports import import_modules
from conclu_pyg.nearest import nearest, nearest_of
from conclu_pyg.overrides import apply_overrides
from conclu_pyg.registry import DATASETS, METHODS, PIPELINES, TASKS, Registry, built_from

__all__ = [
    "KEYS",
    "MAX_BYTES",
    "SECTIONS",
    "apply_overrides",
    "check",
    "dump_config",
    "import_modules",
    "load_config",
    "named",
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
    """Refuses a config with unknown or missing sections, or with arguments that the classes it names do not take: all
    of them at once, one in a sentence, several in a line each.

    Raises:
        ConfigError: names the keys and the nearest matches.
    """
    faults = list(_faults(config))
    texts = in_words(faults)
    if len(faults) == 1:
        place = faults[0].place
        raise ConfigError(f"{source}{', ' if place else ''}{place} {texts[0]}")
    if faults:
        lines = [f"  {fault.place or 'it'} {text}" for fault, text in zip(faults, texts, strict=True)]
        raise ConfigError("\n".join([f"{source} has {len(faults)} mistakes:", *lines]))


def section_registries(config: Mapping[str, Any]) -> dict[str, Registry]:
    """Returns the registry that builds each section of a config. The pipeline decides what ``model`` is: a method of
    :data:`~conclu_pyg.METHODS` or a supervised model of :data:`~conclu_pyg.TASKS`."""
    pipeline = config.get("pipeline")
    name = pipeline.get("name") if isinstance(pipeline, Mapping) else None
    models = getattr(PIPELINES.get(str(name)), "models", METHODS) if name in PIPELINES else METHODS
    return {"dataset": DATASETS, "model": models, "pipeline": PIPELINES}


def _other_models(name: Any, registry: Registry) -> str:
    """A hint for a model of the other registry: which pipeline trains it."""
    if not isinstance(name, str):
        return ""
    if registry is METHODS and name in TASKS:
        return f"{name} is a supervised model of TASKS; give pipeline.name=Finetuning to train it."
    if registry is TASKS and name in METHODS:
        return f"{name} is a self-supervised method of METHODS; give pipeline.name=Pretraining to train it."
    return ""


def _faults(config: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with a config; the place of a fault, or the config, is the subject of its sentence."""
    sections: dict[Any, Any] = dict(config)
    for key in config:
        if key not in KEYS:
            yield Fault(f"has the unknown key {key!r}{nearest(str(key), KEYS)}", f"Keys: {', '.join(KEYS)}.")
            sections.setdefault(nearest_of(str(key), KEYS), config[key])  # not missing, and read as what is meant
    for key, registry in section_registries(sections).items():
        section = sections.get(key)
        if isinstance(section, Mapping) and "name" in section:
            yield from _faults_of_part(section, registry, key, RESERVED.get(key, ()))
        else:
            names = ", ".join(registry)
            yield Fault(f"needs the section {key!r} with a 'name', found {section!r}; names: {names}.")


def _faults_of_part(config: Any, registry: Registry, place: str, reserved: Sequence[str] = ()) -> list[Fault]:
    """Arguments that the class does not take, here and in the configs among the arguments.

    What the surroundings offer (a built data set, say) is not in a file, so a missing argument is left to ``build``.
    """
    if isinstance(config, str) and config in registry:
        return [Fault(f"must be a mapping, found {config!r} alone; write {{name: {config}}}.", place=place)]
    own: list[Fault] = []
    inner: list[Fault] = []
    try:
        cls, arguments, _ = registry.look_up({"name": config} if isinstance(config, str) else config)
    except RegistryError as error:  # of a class that is not known, nothing else is
        if isinstance(config, Mapping) and (hint := _other_models(config.get("name"), registry)):
            return [Fault(hint, place=f"{place}:")]
        return [fault._replace(place=f"{place}:") for fault in error.faults]
    try:
        check_arguments(cls, arguments, reserved=reserved, options=registry.options_of(cls))
    except RegistryError as error:
        own = [fault._replace(place=f"{place}:") for fault in error.faults]
    unfit = {fault.argument for fault in own}
    for key, of_part in built_from(cls).items():
        value, where = arguments.get(key), f"{place}.{key}"
        if isinstance(value, list):
            items = [_faults_of_part(item, of_part, f"{where}[{i}]") for i, item in enumerate(value)]
            own = [fault for fault in own if fault.argument != key or not any(items)]  # each item says what is unfit
            inner += itertools.chain(*items)
        elif value is not None and key not in unfit:  # None: the class has a part of its own, or needs one
            inner += _faults_of_part(value, of_part, where)
    return own + inner


@contextmanager
def named(config: Mapping[str, Any], source: str) -> Iterator[None]:
    """Within it, what is built from a config and refused names the source and the part of the config, such as
    ``configs/mine.yaml, model.encoder: PointNet takes out_channels of at least 1, found -1.``

    Args:
        config: as :func:`load_config` gives it.
        source: what messages call the config.
    """
    try:
        yield
    except (ConfigError, RegistryError) as error:  # those of data and checkpoints are about other files
        places = (_place(part, config) for part in error.building)
        place = next((place[1:] for place in places if place), "")
        said = not place or re.search(rf"\b{re.escape(place)}[.=\[]", str(error))
        error.args = (f"{source}{'' if said else f', {place}'}: {error}",)
        raise


def _place(part: Any, config: Any) -> str:
    """Where the very object ``part`` stands in a config, such as ``pipeline.views[1]``; nothing if it does not."""
    items = config.items() if isinstance(config, Mapping) else enumerate(config) if isinstance(config, list) else ()
    for key, value in items:
        inner = "" if value is part else _place(part, value)
        if value is part or inner:
            step = f"[{key}]" if isinstance(config, list) else f".{key}"
            return f"{step}{inner}"
    return ""


def _refuse_interpolation(value: Any, source: str) -> None:
    if isinstance(value, str) and "${" in value:
        raise ConfigError(f"{source} has the value {value!r}, but nothing is interpolated; write it out.")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _refuse_interpolation(child, source)
