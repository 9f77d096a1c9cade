"""Bounds of parameters, declared once in the signature and checked wherever the parameter is given.

.. code-block:: python

    @validated
    def __init__(self, out_channels: PositiveInt = 1024, dropout: DropFraction = 0.5) -> None: ...

A bound is one of ``annotated_types``: ``Annotated[int, Ge(20)]`` where none of the aliases fits. NaN satisfies none.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import operator
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import annotated_types
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

PositiveInt = Annotated[int, Ge(1)]
NonNegativeInt = Annotated[int, Ge(0)]
PositiveFloat = Annotated[float, Gt(0), Lt(math.inf)]
NonNegativeFloat = Annotated[float, Ge(0), Lt(math.inf)]
Probability = Annotated[float, Ge(0), Le(1)]
DropFraction = Annotated[float, Ge(0), Lt(1)]  # a share to drop, below 1 so that something remains
KeepFraction = Annotated[float, Gt(0), Le(1)]  # a share to keep, above 0 so that something remains
PositiveInts = Annotated[Sequence[PositiveInt], MinLen(1)]
PositiveFloats = Annotated[Sequence[PositiveFloat], MinLen(1)]

# What YAML gives apart from mappings: never an object that was built already.
YAML_VALUES = (str, int, float, list, tuple, type(None))

_COMPARISONS: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    Ge: (">=", operator.ge),
    Gt: (">", operator.gt),
    Le: ("<=", operator.le),
    Lt: ("<", operator.lt),
}


class Violation(NamedTuple):
    """A value that its annotation does not allow.

    Attributes:
        name: the parameter, or an item of it, such as ``hidden_channels[1]``.
        expected: the type and its bounds, or the bounds alone where the type is right.
        got: the value.
    """

    name: str
    expected: str
    got: Any


def find_violations(name: str, value: Any, hint: Any) -> list[Violation]:
    """Return the bounds and literals in a type hint that a value, or an item of it, does not satisfy.

    Args:
        name: what to call the value.
        value: any value; the bounds of a type that it does not have are not checked.
        hint: a type hint, such as ``list[PositiveInt] | None``.
    """
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        bounds = _bounds(parts[1:])
        if not all(_satisfies(value, bound) for bound in bounds):
            return [Violation(name, format_bounds(bounds) if has_type(value, parts[0]) else format_type(hint), value)]
        return find_violations(name, value, parts[0])
    if origin is typing.Literal:
        return [] if has_type(value, hint) else [Violation(name, format_type(hint), value)]
    if origin in (typing.Union, types.UnionType):
        found = [find_violations(name, value, part) for part in parts if has_type(value, part)]
        return [] if [] in found or not found else found[0]
    if origin in (list, Sequence) and isinstance(value, (list, tuple)):
        return [found for i, item in enumerate(value) for found in find_violations(f"{name}[{i}]", item, parts[0])]
    return []


def has_type(value: Any, hint: Any) -> bool:
    """Return whether a value has the type of a hint made of plain YAML types; other hints are left to the class."""
    origin, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is Annotated:
        return has_type(value, parts[0])
    if origin in (typing.Union, types.UnionType):
        return any(has_type(value, part) for part in parts)
    if origin is typing.Literal:
        return any(type(value) is type(option) and value == option for option in parts)
    if origin in (list, Sequence):
        return isinstance(value, (list, tuple)) and all(has_type(item, part) for item in value for part in parts)
    if origin in (dict, Mapping):
        return not isinstance(value, YAML_VALUES)  # an object may stand where a config describes one
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (bool, str, type(None)):
        return isinstance(value, hint)
    return True


def format_type(hint: Any) -> str:
    """Return a type hint as a user may read it, such as ``int (>= 1)`` or ``'sum' or 'mean'``."""
    if isinstance(hint, str):
        return hint
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        bounds = format_bounds(_bounds(parts[1:]))
        return format_type(parts[0]) + (f" ({bounds})" if bounds else "")
    if origin is typing.Literal:
        *others, last = map(repr, parts)
        return " or ".join(filter(None, [", ".join(others), last]))
    if origin in (typing.Union, types.UnionType):
        return " | ".join(format_type(part) for part in parts)
    if origin in (list, Sequence) and parts:
        return f"{format_type(origin)}[{format_type(parts[0])}]"
    if (origin or hint) in (dict, Mapping):
        return "mapping"
    if hint is type(None):
        return "None"
    return inspect.formatannotation(hint).replace("typing.", "").replace("collections.abc.", "")


def format_bounds(bounds: Sequence[Any]) -> str:
    """Return bounds as ``>= 1``, ``in [0, 1)``, ``finite and > 0`` or ``of length >= 1``."""
    comparisons = [(_COMPARISONS[type(bound)][0], _limit(bound)) for bound in bounds if type(bound) in _COMPARISONS]
    terms = [f"{sign} {limit}" for sign, limit in comparisons]
    if ("<", math.inf) in comparisons:
        terms = ["finite", *(term for term in terms if term != "< inf")]
    elif len(comparisons) == 2:
        (lower, least), (upper, most) = sorted(comparisons, reverse=True)  # ">" sorts after "<"
        terms = [f"in {'[' if lower == '>=' else '('}{least}, {most}{']' if upper == '<=' else ')'}"]
    least = {bound.min_length for bound in bounds if isinstance(bound, MinLen)}
    most = {bound.max_length for bound in bounds if isinstance(bound, MaxLen)}
    exact = least & most
    terms += [f"of length {length}" for length in exact]
    terms += [f"of length >= {length}" for length in least - exact] + [f"of length <= {n}" for n in most - exact]
    return " and ".join(terms)


def _bounds(metadata: Sequence[Any]) -> list[Any]:
    """The bounds among the metadata of an ``Annotated``, in which intervals and lengths are pairs of bounds."""
    flat: list[Any] = []
    for item in metadata:
        flat += item if isinstance(item, annotated_types.GroupedMetadata) else [item]
    return [item for item in flat if isinstance(item, (*_COMPARISONS, MinLen, MaxLen))]


def _limit(bound: Any) -> Any:
    """The number of a bound, the only field that it has."""
    return dataclasses.astuple(bound)[0]


def _satisfies(value: Any, bound: Any) -> bool:
    try:
        if isinstance(bound, MinLen):
            return len(value) >= bound.min_length
        if isinstance(bound, MaxLen):
            return len(value) <= bound.max_length
        return bool(_COMPARISONS[type(bound)][1](value, _limit(bound)))
    except TypeError:  # a value of another type, such as a string where a number belongs
        return False
