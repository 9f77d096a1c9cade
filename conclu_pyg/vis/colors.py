"""Colours of parts, the same in every picture, page and window."""

from __future__ import annotations

from functools import cache

import numpy as np

NUM_COLORS = 128
CORRECT, ERROR = -1, -2  # labels that are not parts; see color_of
# The first colours of matplotlib, without its grey, which is used for correct points.
USUAL = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75), (227, 119, 194))
SPECIAL = {CORRECT: (196, 196, 196), ERROR: (0, 0, 0)}
# Distinguishable from black and from white paper; CHROMA is the smallest, to exclude greys.
LIGHTNESS, CHROMA = (20.0, 82.0), 12.0
# Linear sRGB to CIE XYZ, and the white point D65 (IEC 61966-2-1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.0890])


def color_of(labels: np.ndarray) -> np.ndarray:
    """Returns the colour of each label: of a part by its number; grey for ``CORRECT``, black for ``ERROR``.

    The colours of the first 64 parts are at least 22 apart in CIELAB, those of all 128 at least 15 (a difference of 2.3
    is just noticeable); further parts repeat them.

    Shapes:
        - **labels:** int ``[n]``, at least 0, or ``CORRECT``, ``ERROR``
        - **output:** sRGB, uint8 ``[n, 3]``
    """
    labels = np.asarray(labels)
    rgb = part_colors()[labels % NUM_COLORS]
    for label, color in SPECIAL.items():
        rgb[labels == label] = color
    return rgb


def hex_of(label: int) -> str:
    """Returns the colour of one label as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*color_of(np.array([label]))[0])


@cache
def part_colors() -> np.ndarray:
    """Returns the colours of the parts, uint8 ``[128, 3]``.

    After the usual colours, each colour is the one of an sRGB grid that is farthest in CIELAB from all before it, so
    that parts of one category, whose labels are consecutive, differ most.
    """
    levels = np.arange(0, 256, 15)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = to_lab(grid)
    usable = (lab[:, 0] > LIGHTNESS[0]) & (lab[:, 0] < LIGHTNESS[1]) & (np.hypot(lab[:, 1], lab[:, 2]) > CHROMA)
    grid, lab = grid[usable], lab[usable]
    chosen = list(map(np.array, USUAL))
    taken = to_lab(np.array([*USUAL, SPECIAL[CORRECT]]))
    distance = np.linalg.norm(lab[:, None] - taken, axis=-1).min(axis=1)
    while len(chosen) < NUM_COLORS:
        farthest = int(distance.argmax())
        chosen.append(grid[farthest])
        distance = np.minimum(distance, np.linalg.norm(lab - lab[farthest], axis=-1))
    colors = np.array(chosen, dtype=np.uint8)
    colors.setflags(write=False)  # shared by all callers
    return colors


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """Converts sRGB colours from 0 to 255 to CIELAB (CIE 15), ``[..., 3]`` to ``[..., 3]``."""
    share = np.asarray(rgb) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    ratio = linear @ TO_XYZ.T / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)
