"""What a class takes: its arguments and their types, and what is wrong with those that a config gives."""

from __future__ import annotations

import contextlib
import inspect
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from conclu_pyg.errors import Fault, RegistryError
from conclu_pyg.nearest import nearest

# What YAML gives apart from mappings: never an object that was built already.
YAML_VALUES = (str, int, float, list, tuple, type(None))


def parameters_of(cls: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The arguments that a config can give: named ones, and, of a class that takes ``**options``, those of the class
    that it is derived from, which gets them."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters: dict[str, inspect.Parameter] = {}
    for taker in _takers(cls):
        parameters |= {
            key: parameter
            for key, parameter in inspect.signature(taker).parameters.items()
            if parameter.kind not in variadic and key not in parameters
        }
    return parameters


def _takers(cls: Callable[..., Any]) -> list[Callable[..., Any]]:
    """``cls``, and those of its bases whose constructors get what is passed on to them as ``**options``."""
    takers = [cls]
    for base in inspect.getmro(cls)[1:] if inspect.isclass(cls) else ():
        if _is_open(takers[-1]) and inspect.isfunction(vars(base).get("__init__")):
            takers.append(base)
    return takers


def _is_open(cls: Callable[..., Any]) -> bool:
    """Whether it takes ``**options``."""
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(cls).parameters.values())


def settings_of(cls: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What ``cls`` is built with: the arguments of a config, and the defaults of the others."""
    defaults = {key: p.default for key, p in parameters_of(cls).items() if p.default is not p.empty}
    return defaults | dict(arguments)


def check_arguments(
    cls: Callable[..., Any],
    arguments: Mapping[str, Any],
    offers: Collection[str] | None = None,
    reserved: Collection[str] = (),
    options: Collection[str] = (),
) -> None:
    """Refuses arguments that ``cls`` does not take, that have the wrong type, or that are missing, all of them at once.

    Args:
        cls: a registered class.
        arguments: what a config gives.
        offers: the names of what the surroundings give (default: not known yet, so that nothing counts as missing).
        reserved: the names of what only the surroundings can give, such as a model that was built.
        options: the names of what the config may say beside the arguments, for the message.

    Raises:
        RegistryError: names the class, the arguments and what the class takes.
    """
    parameters, hints = parameters_of(cls), _type_hints(cls)
    held = [key for key in reserved if parameters.pop(key, None) and key in arguments]
    described = [*(_describe(p, hints) for p in parameters.values()), *(f"{key}: str = None" for key in options)]
    takes = f"It takes: {', '.join(described) or 'no arguments'}."
    anything = _is_open(_takers(cls)[-1])  # where no base says what it takes
    unknown = [] if anything else [key for key in arguments if key not in parameters and key not in held]
    missing = [
        key
        for key, parameter in parameters.items()
        if offers is not None and parameter.default is parameter.empty and key not in arguments and key not in offers
    ]
    unfit = {
        key: value
        for key, value in arguments.items()
        if key in parameters and key in hints and not _fits(value, hints[key])
    }
    faults = [Fault(f"{cls.__name__} is given {key!r} by the program; leave it out of the config.") for key in held]
    known = [*parameters, *options]
    faults += [Fault(f"{cls.__name__} takes no argument {key!r}{nearest(str(key), known)}", takes) for key in unknown]
    if not unknown:  # one of which may be meant to be what is missing
        faults += [Fault(f"{cls.__name__} needs the argument {key!r}, which is not given.", takes) for key in missing]
    for key, value in unfit.items():
        found = f"{value!r} ({type(value).__name__})"
        faults.append(Fault(f"{cls.__name__} takes {_describe(parameters[key], hints)}, found {found}.", argument=key))
    if faults:
        raise RegistryError(*faults)


def _describe(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> str:
    """The argument with its type, in which names that only the class knows are resolved, and its default."""
    annotation = hints.get(parameter.name, parameter.annotation)
    if annotation is parameter.empty:
        kind = ""
    else:
        kind = ": " + (annotation if isinstance(annotation, str) else _format(annotation))
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}{kind}{default}"


def _format(annotation: Any) -> str:
    return inspect.formatannotation(annotation).replace("typing.", "")


def _type_hints(cls: Callable[..., Any]) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    for taker in reversed(_takers(cls)):
        function = inspect.getattr_static(taker, "__init__") if inspect.isclass(taker) else taker
        with contextlib.suppress(NameError, AttributeError, TypeError):  # names that only a type checker knows
            hints |= typing.get_type_hints(function)
    return hints


def _fits(value: Any, hint: Any) -> bool:
    """Whether ``value`` fits a hint made of plain YAML types; a hint of any other kind is left to the class."""
    origin, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is typing.Literal:
        return any(type(value) is type(option) and value == option for option in parts)
    if origin in (list, Sequence):
        return isinstance(value, (list, tuple)) and all(_fits(item, part) for item in value for part in parts)
    if origin in (dict, Mapping):
        return not isinstance(value, YAML_VALUES)  # an object may stand where a config describes one
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (bool, str, type(None)):
        return isinstance(value, hint)
    return True
