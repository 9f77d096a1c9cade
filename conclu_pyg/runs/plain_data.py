"""Dataclasses from plain values, as JSON files and checkpoints hold them; :func:`dataclasses.asdict` is the inverse."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def from_plain(kind: Any, value: Any, where: str = "value") -> Any:
    """Returns ``value`` as an object of the type ``kind``.

    Args:
        kind: a dataclass, or a type of one of its fields: ``str``, ``int``, ``float``, ``bool``, ``X | None``,
            ``tuple[...]``, ``dict[str, ...]``, ``Literal[...]`` or ``Any``.
        value: mappings, lists and scalars from an untrusted file. A field that has a default may be missing.
        where: the place of the value, for messages (default: value).

    Raises:
        ValueError: names the place, the expected type and the value.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return None if value is None else from_plain(inner, value, where)
    if origin is Literal:
        return _checked(value in arguments, f"one of {', '.join(map(repr, arguments))}", value, where)
    if is_dataclass(kind):
        return _dataclass(kind, _checked(isinstance(value, Mapping), "a mapping", value, where), where)
    if origin is dict:
        _checked(isinstance(value, Mapping) and all(isinstance(key, str) for key in value), "a mapping", value, where)
        return {key: from_plain(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin is tuple:
        _checked(isinstance(value, list | tuple), "a list", value, where)
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        _checked(len(value) == len(kinds), f"a list of {len(kinds)}", value, where)
        return tuple(from_plain(*pair, f"{where}[{i}]") for i, pair in enumerate(zip(kinds, value, strict=True)))
    if kind is float:
        return _checked(type(value) in (int, float) and math.isfinite(value), "a finite number", value, where)
    return _checked(type(value) is kind, f"a value of type {kind.__name__}", value, where)


def _dataclass(kind: Any, value: Mapping[str, Any], where: str) -> Any:
    hints = get_type_hints(kind)
    required = {item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING}
    wrong = sorted(map(str, value.keys() - hints.keys() | required - value.keys()))
    _checked(not wrong, f"the keys of {kind.__name__}, which {', '.join(wrong)} contradicts", list(value), where)
    return kind(**{key: from_plain(hints[key], item, f"{where}.{key}") for key, item in value.items()})


def _checked(fits: bool, expected: str, value: Any, where: str) -> Any:
    if not fits:
        raise ValueError(f"{where}: expected {expected}, got {value!r:.80}")
    return value
