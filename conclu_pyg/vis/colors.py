"""Colours of parts: the same for a part in every picture, page and window, and far enough apart to be told apart."""

from __future__ import annotations

from functools import cache

import numpy as np

NUM_COLORS = 128
CORRECT, ERROR = -1, -2  # labels that stand for no part; see color_of
# The ones that everybody's plots begin with (matplotlib's, without the grey, which is for what is correct).
USUAL = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75), (227, 119, 194))
SPECIAL = {CORRECT: (196, 196, 196), ERROR: (0, 0, 0)}  # black, which no part can be mistaken for
# Neither too dark to be a colour nor too light for white paper; from CHROMA on no grey.
LIGHTNESS, CHROMA = (20.0, 82.0), 12.0
# Linear sRGB to CIE XYZ, and the white of D65 (IEC 61966-2-1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.0890])


def color_of(labels: np.ndarray) -> np.ndarray:
    """Colours: of a part by its number, whatever is beside it; grey for ``CORRECT``, black for ``ERROR``.

    The first 64 parts have distances of 22 and more in CIELAB, all 128 of 15 and more (2.3 can just be noticed side by
    side); from there on the colours repeat.

    Shapes:
        - **labels:** int ``[n]``, 0 and more, or ``CORRECT``, ``ERROR``
        - **output:** sRGB, uint8 ``[n, 3]``
    """
    labels = np.asarray(labels)
    rgb = part_colors()[labels % NUM_COLORS]
    for label, color in SPECIAL.items():
        rgb[labels == label] = color
    return rgb


def hex_of(label: int) -> str:
    """The colour of one label as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*color_of(np.array([label]))[0])


@cache
def part_colors() -> np.ndarray:
    """The colours of parts, uint8 ``[128, 3]``: the usual ones, then each as far as can be from all before it.

    Chosen from a grid of sRGB by distance in CIELAB, so that the first of them are the farthest apart, and parts of one
    category, whose labels follow each other, differ most.
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
    colors.setflags(write=False)  # one array for all callers
    return colors


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (CIE 15) of sRGB colours from 0 to 255, ``[..., 3]`` to ``[..., 3]``."""
    share = np.asarray(rgb) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    ratio = linear @ TO_XYZ.T / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)
