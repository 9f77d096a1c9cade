"""Coloured clouds as PLY files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from conclu_pyg.files import atomic_write
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.panel import Panel

HEADER = """ply
format binary_little_endian 1.0
comment label: the part of each point, by number
element vertex {0}
property {1} x
property {1} y
property {1} z
property uchar red
property uchar green
property uchar blue
property int label
end_header
"""
BLOCK = 1 << 20  # points that are written at once


def write_ply(path: Path, pos: np.ndarray, labels: np.ndarray, offset: np.ndarray | None = None) -> None:
    """Writes points with the colour and the label of their part, binary little endian. The file is replaced
    atomically.

    Args:
        path: the file.
        pos: the points, written in single precision.
        labels: the part of each point.
        offset: is added to every point, in double precision, to restore the position of a cloud that was moved to the
            origin (default: none).

    Shapes:
        - **pos:** ``[n, 3]``, **labels:** int ``[n]``, **offset:** float64 ``[3]``

    Raises:
        DataError: as for :class:`~conclu_pyg.vis.panel.Panel`.
    """
    Panel(path.name, pos, labels)  # checks the arrays
    coordinate, kind = ("<f4", "float") if offset is None else ("<f8", "double")
    vertex = np.dtype([("pos", coordinate, 3), ("color", "u1", 3), ("label", "<i4")])
    with atomic_write(path) as file:
        file.write(HEADER.format(len(pos), kind).encode())
        for start in range(0, len(pos), BLOCK):
            rows = slice(start, start + BLOCK)
            vertices = np.empty(len(pos[rows]), vertex)
            vertices["pos"] = pos[rows] if offset is None else pos[rows] + offset
            vertices["color"], vertices["label"] = color_of(labels[rows]), labels[rows]
            file.write(vertices.tobytes())
