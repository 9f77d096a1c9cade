"""A config checked against the classes that it names: the starting point of training and evaluation."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conclu_pyg.arguments import check_arguments
from conclu_pyg.config_files import KEYS, SECTIONS, read_config
from conclu_pyg.errors import ArgumentError, ConfigError, Issue, RegistryError
from conclu_pyg.imports import make_imports, withheld_imports
from conclu_pyg.overrides import apply_overrides, overrides_in_errors
from conclu_pyg.registry import DATASETS, DECODERS, ENCODERS, METHODS, PIPELINES, TASKS, Registry, components_of
from conclu_pyg.shipped_configs import find_config
from conclu_pyg.stage_configs import split_stages
from conclu_pyg.suggestions import closest_match, suggest

# Arguments that the program gives to the class of a section, so that a config cannot.
RESERVED = {"pipeline": ("model", "dataset", "config", "pretraining")}


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Read a config file, its bases and the overrides of the command line into one plain dictionary, and check it.

    Changing a section's ``name``, in a file over its base or by an override, discards the other keys of that section:
    the arguments of another class are not carried over.

    Args:
        path: a YAML file, or the name of a config of the package, such as ``conclu_pointnet``.
        overrides: ``section.key=value`` with YAML values, such as ``pipeline.optimizer.lr=1e-4`` or
            ``dataset.download=true``.

    Raises:
        ConfigError: a file that is missing, too large, malformed or its own base; an unknown section or key; an
            argument that a class does not accept.
    """
    path = find_config(str(path))
    return resolve(read_config(path), overrides, str(path), path.parent)


def resolve(
    config: Mapping[str, Any],
    overrides: Sequence[str],
    source: str,
    folder: Path | None = None,
    *,
    allow_imports: bool = True,
) -> dict[str, Any]:
    """Apply overrides to a config, import the modules that it names, and check it.

    Args:
        config: as read from a file.
        overrides: as for :func:`load_config`.
        source: what messages call the config.
        folder: what the ``.py`` files among its imports are relative to (default: the working directory); those in
            ``overrides`` are relative to the working directory.
        allow_imports: whether to import the modules that the config names; those in ``overrides`` are imported
            anyway (default: True).

    Raises:
        ConfigError: as :func:`load_config`.
        WithheldImportsError: the config needs a class of modules that were not allowed.
    """
    resolved = _overridden(config, overrides, source)
    withheld = make_imports(resolved, overrides, folder or Path(), allow_imports)
    with withheld_imports(withheld, source), overrides_in_errors(overrides):
        check(resolved, source)
    return resolved


def resolve_trained(
    config: Mapping[str, Any], overrides: Sequence[str], source: str, *, allow_imports: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return the config of a trained run with its overrides, and its imports that were not allowed.

    Only its data set is checked, if its class is registered: the model is built soon, and the pipeline never.

    Args:
        config: of an untrusted checkpoint.
        overrides, source: as for :func:`resolve`.
        allow_imports: as for :func:`resolve`.

    Raises:
        ConfigError, WithheldImportsError: as :func:`resolve`.
    """
    resolved = _overridden(config, overrides, source)
    withheld = make_imports(resolved, overrides, Path(), allow_imports)
    for key in SECTIONS:
        if not isinstance(resolved.get(key), Mapping):
            raise ConfigError(Issue(f"needs the section {key!r}.", argument=key), source=source)
    if not isinstance(resolved["dataset"].get("name"), str):
        raise ConfigError(Issue("dataset needs a name.", argument="name", path="dataset"), source=source)
    unknown = withheld and resolved["dataset"]["name"] not in DATASETS
    with withheld_imports(withheld, source), overrides_in_errors(overrides):
        check(resolved, source, () if unknown else ("dataset",))
    return resolved, withheld


def check(config: Mapping[str, Any], source: str, sections: Sequence[str] = SECTIONS) -> None:
    """Refuse a config with unknown or missing sections, or with arguments that the classes it names do not accept, all
    of them at once.

    Args:
        config: with its imports made.
        source: what messages call the config.
        sections: those to check (default: all).

    Raises:
        ConfigError: with an issue for each.
    """
    if "stages" in config:
        issues = [
            issue._replace(path=", ".join(filter(None, [f"stage {name}", issue.path])))
            for name, stage in split_stages(config, source).items()
            for issue in _issues(stage, sections)
        ]
    else:
        issues = list(_issues(config, sections))
    if issues:
        raise ConfigError(*issues, source=source)


def section_registries(config: Mapping[str, Any]) -> dict[str, Registry]:
    """Return the registry that builds each section of a config. The pipeline determines whether ``model`` is a method
    of :data:`~conclu_pyg.METHODS` or a supervised model of :data:`~conclu_pyg.TASKS`; if it is not registered, the name
    of the model does."""
    pipeline, model = (value if isinstance(value := config.get(key), Mapping) else {} for key in ("pipeline", "model"))
    name = str(pipeline.get("name"))
    if name in PIPELINES:
        models = getattr(PIPELINES.get(name), "models", METHODS)
    else:
        models = TASKS if model.get("name") in TASKS else METHODS
    return {"dataset": DATASETS, "model": models, "pipeline": PIPELINES}


def _issues(config: Mapping[str, Any], checked: Sequence[str]) -> Iterator[Issue]:
    sections: dict[Any, Any] = dict(config)
    for key in config:
        if key not in KEYS:
            yield Issue(f"unknown section {key!r}{suggest(str(key), KEYS)}", f"Sections: {', '.join(KEYS)}.", str(key))
            sections.setdefault(closest_match(str(key), KEYS), config[key])  # not missing, and read as what is meant
    for key, registry in section_registries(sections).items():
        section = sections.get(key)
        if key not in checked:
            continue
        if isinstance(section, Mapping) and "name" in section:
            yield from _issues_of_part(section, registry, key, RESERVED.get(key, ()))
        else:
            message = f"needs the section {key!r} with a 'name', got {section!r}; names: {', '.join(registry)}."
            yield Issue(message, argument=key, got=section)


def _issues_of_part(config: Any, registry: Registry, path: str, reserved: Sequence[str] = ()) -> list[Issue]:
    """Arguments that the class does not accept, here and in the configs among the arguments.

    What the program adds (a built data set, say) is not in a file, so a missing argument is left to ``build``.
    """
    if isinstance(config, str) and config in registry:
        return [Issue(f"must be a mapping, got {config!r}; write {{name: {config}}}.", path=path, got=config)]
    own: list[Issue] = []
    inner: list[Issue] = []
    try:
        cls, arguments, _ = registry.parse({"name": config} if isinstance(config, str) else config)
    except RegistryError as error:  # the arguments of an unknown class are unknown too
        other = _model_of_other_pipeline(config, registry)
        return [other._replace(path=path)] if other else [issue._replace(path=path) for issue in error.issues]
    try:
        check_arguments(cls, arguments, reserved=reserved, options=registry.options_of(cls))
    except ArgumentError as error:
        own = [issue._replace(path=path) for issue in error.issues]
    refused = {issue.argument for issue in own}
    for key, registry_of_part in components_of(cls).items():
        value, where = arguments.get(key), f"{path}.{key}"
        if isinstance(value, Mapping) and value and all(isinstance(items, list) for items in value.values()):
            for name, items in value.items():  # lists by name, such as the views of a method
                for i, item in enumerate(items):
                    inner += _issues_of_part(item, registry_of_part, f"{where}.{name}[{i}]")
        elif isinstance(value, list):
            items = [_issues_of_part(item, registry_of_part, f"{where}[{i}]") for i, item in enumerate(value)]
            own = [issue for issue in own if issue.argument != key or not any(items)]  # the items' issues are exact
            inner += itertools.chain(*items)
        elif value is not None and key not in refused:  # None: the class has a default part, or needs one
            inner += _issues_of_part(value, registry_of_part, where)
    return own + inner


def _model_of_other_pipeline(config: Any, registry: Registry) -> Issue | None:
    """The issue of a model that is registered, but trained by another pipeline."""
    name = config.get("name") if isinstance(config, Mapping) else None
    if not isinstance(name, str):
        return None
    if registry is METHODS and name in TASKS:
        message = f"{name} is a supervised model of TASKS; give pipeline.name=Finetuning to train it."
    elif registry is TASKS and name in METHODS:
        message = f"{name} is a self-supervised method of METHODS; give pipeline.name=Pretraining to train it."
    else:
        return None
    return Issue(message, argument="name", got=name)


def split_checkpoints(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a config without the ``checkpoint`` of the model's encoders and decoders, which no class has a parameter
    for, and those checkpoints by the parameter of the model: ``{"encoder": "runs/a"}``."""
    model, checkpoints = dict(config["model"]), {}
    registry = section_registries(config)["model"]
    components = components_of(registry.get(model["name"])) if model["name"] in registry else {}
    for key, parts in {"encoder": ENCODERS, **components}.items():
        part = model.get(key)
        if parts not in (ENCODERS, DECODERS) or not isinstance(part, Mapping):
            continue
        if "checkpoint" in parts.parse(part).options:
            checkpoints[key] = part["checkpoint"]
            model[key] = {name: value for name, value in part.items() if name != "checkpoint"}
    return {**config, "model": model}, checkpoints


@contextmanager
def error_context(config: Mapping[str, Any], source: str) -> Iterator[None]:
    """Add the config, and the part of it that was built, to an error about its contents, such as
    ``configs/mine.yaml, model.encoder: PointNet: out_channels must be >= 1, got -1.``

    Args:
        config: what the registries build from.
        source: what messages call the config.
    """
    try:
        yield
    except ConfigError as error:  # those of data and checkpoints are about other files
        paths = (_path(part, config) for part in error.building)
        error.locate(source, next((path[1:] for path in paths if path), ""))
        raise


def _path(part: Any, config: Any) -> str:
    """The path of the very object ``part`` in a config, such as ``.pipeline.views[1]``; empty if it is not there."""
    items = config.items() if isinstance(config, Mapping) else enumerate(config) if isinstance(config, list) else ()
    for key, value in items:
        inner = "" if value is part else _path(part, value)
        if value is part or inner:
            step = f"[{key}]" if isinstance(config, list) else f".{key}"
            return f"{step}{inner}"
    return ""


def _overridden(config: Mapping[str, Any], overrides: Sequence[str], source: str) -> dict[str, Any]:
    resolved = apply_overrides(config, overrides)
    _refuse_interpolation(resolved, source)
    return resolved


def _refuse_interpolation(value: Any, source: str) -> None:
    if isinstance(value, str) and "${" in value:
        message = f"the value {value!r} is an interpolation, which is refused; write it out."
        raise ConfigError(Issue(message, got=value), source=source)
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _refuse_interpolation(child, source)
