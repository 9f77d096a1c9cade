"""Coloured clouds as PLY files, which every viewer of clouds and meshes opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from conclu_pyg.engine.files import atomic_write
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.panel import Panel

VERTEX = np.dtype([("pos", "<f4", 3), ("color", "u1", 3), ("label", "<i4")])
HEADER = """ply
format binary_little_endian 1.0
comment label: the part of each point, by number
element vertex {}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
property int label
end_header
"""
BLOCK = 1 << 20  # points that are put together at once


def write_ply(path: Path, pos: np.ndarray, labels: np.ndarray) -> None:
    """Writes points with the colour and the number of their part, binary little endian.

    A reader finds the old file or the new one, never half of it.

    Args:
        path: the file.
        pos: where the points are; written in single precision.
        labels: the part of each point.

    Shapes:
        - **pos:** ``[n, 3]``, **labels:** int ``[n]``

    Raises:
        DataError: no points, points that are not finite, or not a label for each.
    """
    Panel(path.name, pos, labels)  # the same is refused as where it is shown
    with atomic_write(path) as file:
        file.write(HEADER.format(len(pos)).encode())
        for start in range(0, len(pos), BLOCK):
            rows = slice(start, start + BLOCK)
            vertices = np.empty(len(pos[rows]), VERTEX)
            vertices["pos"], vertices["color"], vertices["label"] = pos[rows], color_of(labels[rows]), labels[rows]
            file.write(vertices.tobytes())
