"""Rejects untrusted data that is not made of dicts, lists and scalars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

PLAIN = (str, int, float, bool, type(None))
MAX_DEPTH = 100
MAX_VALUES = 1_000_000  # a small file can refer to one list again and again


def find_unsafe_value(value: Any) -> str:
    """Returns the first value that is not a dict, list or scalar, and its place; an empty string if there is none.

    The keys of a mapping must be strings or integers, all of one type, so that they can be sorted.
    """
    waiting: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    count = 0
    while waiting:
        place, held = waiting.pop()
        count += 1
        if len(place) > MAX_DEPTH or count > MAX_VALUES:
            return f"lists or mappings nested more than {MAX_DEPTH} deep, or more than {MAX_VALUES:,} values"
        inside: Iterable[tuple[Any, Any]] = ()
        if isinstance(held, dict):
            if {type(key) for key in held} not in (set(), {str}, {int}):
                return f"the keys {list(held)!r:.50}{_at(place)}"
            inside = held.items()
        elif isinstance(held, list | tuple):
            inside = enumerate(held)
        elif type(held) not in PLAIN:
            return f"{held!r:.50}{_at(place)}"
        waiting += [((*place, key), entry) for key, entry in inside]
    return ""


def _at(place: tuple[Any, ...]) -> str:
    return f" as {'.'.join(map(str, place)):.100}" if place else ""
