"""Colours of scores, from cold to hot."""

from __future__ import annotations

import numpy as np

BOUNDS = (0.5, 0.75, 1.0, 1.5)  # between the levels; 1 is the threshold of anomalies
# Of each level: greyish blue, pale yellow, orange, red, dark red.
COLORS = np.array([[139, 157, 176], [214, 197, 110], [240, 163, 62], [219, 69, 43], [150, 12, 48]], np.uint8)


def heat_level(values: np.ndarray) -> np.ndarray:
    """Returns the level of each score, 0 to 4; from 3 on, a score is above 1.

    Shapes:
        - **values:** ``[n]``, **output:** int64 ``[n]``
    """
    return np.searchsorted(BOUNDS, values, side="left")


def heat_color(values: np.ndarray) -> np.ndarray:
    """Returns the colour of each score, that of its level.

    Shapes:
        - **values:** ``[n]``, **output:** sRGB, uint8 ``[n, 3]``
    """
    return COLORS[heat_level(values)]


def hex_colors() -> list[str]:
    """Returns the colour of each level as ``#rrggbb``."""
    return ["#{:02x}{:02x}{:02x}".format(*color) for color in COLORS]
