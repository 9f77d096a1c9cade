"""The option ``up_axis`` of transforms: a letter in a config, a number where a pipeline passes the data set's own."""

from __future__ import annotations

from typing import Literal, TypeAlias

LETTERS = "xyz"
UpAxis: TypeAlias = Literal["x", "y", "z", 0, 1, 2]


def axis_number(axis: UpAxis) -> int:
    """Return the number of a coordinate, 0, 1 or 2."""
    return LETTERS.index(axis) if isinstance(axis, str) else int(axis)


def horizontal_axes(up_axis: int) -> tuple[int, int]:
    """Return the numbers of the other two coordinates, right-handed about the up axis."""
    return (up_axis + 1) % 3, (up_axis + 2) % 3
