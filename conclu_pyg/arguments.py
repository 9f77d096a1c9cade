"""Arguments of a class: their names, types and bounds, and the check of those that a config or a caller gives."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, cast

from conclu_pyg.constraints import Violation, find_violations, format_type, has_type
from conclu_pyg.errors import ArgumentError, Issue
from conclu_pyg.suggestions import suggest

Init = TypeVar("Init", bound=Callable[..., None])


def validated(init: Init) -> Init:
    """Decorate an ``__init__`` whose annotations have bounds (:mod:`conclu_pyg.constraints`): it raises one
    :class:`~conclu_pyg.errors.ArgumentError` about all arguments that are out of bounds, before its body runs."""
    signature = inspect.signature(init)
    hints: dict[str, Any] = {}  # resolved at the first call, when all names of the module are defined

    @functools.wraps(init)
    def checked(self: object, *args: Any, **kwargs: Any) -> None:
        if not hints:
            hints.update(_hints_of(init))
        arguments: Mapping[str, Any] = {}
        with contextlib.suppress(TypeError):  # Python's own error, of the call below, names the class
            arguments = signature.bind(self, *args, **kwargs).arguments
        issues = _out_of_bounds(type(self).__name__, arguments, hints)
        if issues:
            raise ArgumentError(*issues)
        init(self, *args, **kwargs)

    return cast(Init, checked)


def parameters_of(cls: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters that a config can give: the named ones, and those of the base class that ``**options`` are
    passed on to."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters: dict[str, inspect.Parameter] = {}
    for constructor in _constructors(cls):
        parameters |= {
            key: parameter
            for key, parameter in inspect.signature(constructor).parameters.items()
            if parameter.kind not in variadic and key not in parameters
        }
    return parameters


def _constructors(cls: Callable[..., Any]) -> list[Callable[..., Any]]:
    """``cls``, and those of its bases whose constructors get what is passed on to them as ``**options``."""
    constructors = [cls]
    for base in inspect.getmro(cls)[1:] if inspect.isclass(cls) else ():
        if _is_open(constructors[-1]) and inspect.isfunction(vars(base).get("__init__")):
            constructors.append(base)
    return constructors


def _is_open(cls: Callable[..., Any]) -> bool:
    """Return whether it accepts ``**options``."""
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(cls).parameters.values())


def resolved_arguments(cls: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a config over the defaults of the class."""
    defaults = {key: p.default for key, p in parameters_of(cls).items() if p.default is not p.empty}
    return defaults | dict(arguments)


def describe(cls: Callable[..., Any]) -> dict[str, str]:
    """Return each parameter of a class with its type, bounds and default: ``width: int (>= 1) = 64``."""
    hints = _type_hints(cls)
    return {key: _describe(parameter, hints) for key, parameter in parameters_of(cls).items()}


def check_arguments(
    cls: Callable[..., Any],
    arguments: Mapping[str, Any],
    defaults: Collection[str] | None = None,
    reserved: Collection[str] = (),
    options: Collection[str] = (),
) -> None:
    """Refuse arguments that are unknown, missing, of another type or out of bounds, all of them at once.

    Args:
        cls: a registered class.
        arguments: those of a config.
        defaults: the names of those that the program adds (default: not known yet, so that nothing counts as missing).
        reserved: the names of those that only the program can give, such as a model that was built.
        options: the names of those that the config may have in addition, for the message.

    Raises:
        ArgumentError: with an issue for each argument.
    """
    name, parameters, hints = cls.__name__, parameters_of(cls), _type_hints(cls)
    held = [key for key in reserved if parameters.pop(key, None) and key in arguments]
    described = [*(_describe(p, hints) for p in parameters.values()), *(f"{key}: str = None" for key in options)]
    takes = f"It takes: {', '.join(described) or 'no arguments'}."
    is_open = _is_open(_constructors(cls)[-1])  # where no base lists its arguments
    unknown = [] if is_open else [key for key in arguments if key not in parameters and key not in held]
    missing = [
        key
        for key, parameter in parameters.items()
        if defaults is not None
        and parameter.default is parameter.empty
        and key not in arguments
        and key not in defaults
    ]
    known = [*parameters, *options]
    issues = [
        Issue(f"{name}: {key!r} is set by the program and cannot appear in the config.", argument=key) for key in held
    ]
    issues += [
        Issue(
            f"{name} takes no argument {key!r}{suggest(str(key), known)}", takes, argument=str(key), got=arguments[key]
        )
        for key in unknown
    ]
    if not unknown:  # one of which may be meant to be what is missing
        issues += [Issue(f"{name} needs the argument {key!r}.", takes, argument=key) for key in missing]
    typed = {key: value for key, value in arguments.items() if key in parameters and key in hints}
    for key, value in typed.items():
        if not has_type(value, hints[key]):
            expected = format_type(hints[key])
            message = f"{name}: {key} must be {expected}, got {value!r} ({type(value).__name__})."
            issues.append(Issue(message, _name_hint(value, expected), argument=key, got=value, expected=expected))
        else:
            issues += _out_of_bounds(name, {key: value}, hints)
    if issues:
        raise ArgumentError(*issues)


def _out_of_bounds(name: str, arguments: Mapping[str, Any], hints: Mapping[str, Any]) -> list[Issue]:
    """The values that are out of the bounds in their type hints."""
    return [
        Issue(
            f"{name}: {violation.name} must be {violation.expected}, got {violation.got!r}.",
            _percent_hint(violation),
            argument=key,
            got=violation.got,
            expected=violation.expected,
        )
        for key, value in arguments.items()
        if key in hints
        for violation in find_violations(key, value, hints[key])
    ]


def _percent_hint(violation: Violation) -> str:
    """A remedy where a share was given in percent."""
    is_share = re.fullmatch(r"in [\[(]0, 1[\])]", violation.expected)
    if is_share and isinstance(violation.got, (int, float)) and 1 < violation.got <= 100:
        return f"Give {violation.got / 100:g} for {violation.got:g} percent."
    return ""


def _name_hint(value: Any, expected: str) -> str:
    """A remedy where the name of a class was given in place of its config."""
    if not isinstance(value, str) or not value.isidentifier() or "mapping" not in expected:
        return ""
    return f"Write [{{name: {value}}}]." if expected.startswith("list") else f"Write {{name: {value}}}."


def _describe(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> str:
    """The parameter with its type, in which names that only the class knows are resolved, and its default."""
    annotation = hints.get(parameter.name, parameter.annotation)
    kind = "" if annotation is parameter.empty else f": {format_type(annotation)}"
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}{kind}{default}"


def _type_hints(cls: Callable[..., Any]) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    for constructor in reversed(_constructors(cls)):
        is_class = inspect.isclass(constructor)
        hints |= _hints_of(inspect.getattr_static(constructor, "__init__") if is_class else constructor)
    return hints


def _hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    with contextlib.suppress(NameError, AttributeError, TypeError):  # names that only a type checker knows
        return typing.get_type_hints(function, include_extras=True)
    return {}
