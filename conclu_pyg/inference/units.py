"""Units of length that are mixed among clouds, as far as their sizes show it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# How many times larger the numbers are in the first unit than in the second, and the factor by which the medians of two
# groups may differ from it: things of another kind are often three times as large, and seldom a thousand times.
FACTORS = {("mm", "m"): (1000.0, 2.0), ("mm", "inch"): (25.4, 1.4), ("foot", "m"): (1 / 0.3048, 1.03)}
MIN_CLOUDS = 5  # of the largest group


class UnitGroup(NamedTuple):
    """Clouds whose sizes are a factor between two units times those of most clouds.

    Attributes:
        rows: the clouds.
        factor: their median size divided by that of most clouds.
        unit: the probable unit of these clouds.
        other: the probable unit of most clouds.

    Shapes:
        - **rows:** int64 ``[m]``, ascending
    """

    rows: np.ndarray
    factor: float
    unit: str
    other: str


def find_unit_groups(diagonals: np.ndarray) -> list[UnitGroup]:
    """Returns the groups of clouds whose unit probably differs from that of most clouds.

    The sizes are divided into groups where no cloud is within a gap, on a logarithmic scale. A group is returned if its
    median is 1000, 25.4 or 1/0.3048 times as large or as small as that of the largest group, up to a factor of 2, 1.4
    or 1.03, and the gap is at least the square root of it. Mixed units are not found if the sizes of one unit vary too
    much for such gaps.

    Args:
        diagonals: the diagonal of each cloud's bounding box, above 0.

    Shapes:
        - **diagonals:** ``[n]``
    """
    if len(diagonals) <= MIN_CLOUDS:
        return []
    order = np.argsort(diagonals, kind="stable")
    logs = np.log(diagonals[order])
    smallest = min(np.log(factor) for factor, _ in FACTORS.values()) / 2
    groups = np.split(np.arange(len(logs)), np.flatnonzero(np.diff(logs) >= smallest) + 1)
    sizes = [len(group) for group in groups]
    main = groups[int(np.argmax(sizes))]
    if len(main) < MIN_CLOUDS:
        return []
    found = []
    for group in groups:
        if group is main:
            continue
        distance = float(np.median(logs[group]) - np.median(logs[main]))
        gap = logs[group[0]] - logs[main[-1]] if distance > 0 else logs[main[0]] - logs[group[-1]]
        for units, (factor, tolerance) in FACTORS.items():
            expected = np.log(factor)
            if abs(abs(distance) - expected) <= np.log(tolerance) and gap >= expected / 2:
                unit, other = units if distance > 0 else units[::-1]
                found.append(UnitGroup(np.sort(order[group]), float(np.exp(distance)), unit, other))
    return found
