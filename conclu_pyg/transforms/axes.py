"""Coordinates by their letters, as users name them, and by their numbers, as arrays do."""

from __future__ import annotations

from conclu_pyg.errors import ConfigError

LETTERS = "xyz"


def axis_index(axis: str | int, owner: str) -> int:
    """The number of a coordinate: 0, 1 or 2.

    Args:
        axis: ``x``, ``y`` or ``z``, or the number itself.
        owner: what asks for it, for the message.

    Raises:
        ConfigError: it is something else.
    """
    if axis in (*LETTERS, *range(len(LETTERS))) and not isinstance(axis, bool):
        return LETTERS.index(axis) if isinstance(axis, str) else axis
    raise ConfigError(f"{owner} takes x, y or z as the vertical axis, found {axis}.")
