"""Clouds with the colours of their parts as PLY files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from conclu_pyg.io import ply_writer
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.panel import Panel


def write_ply(path: Path, pos: np.ndarray, labels: np.ndarray, offset: np.ndarray | None = None) -> None:
    """Writes points with the colour and the label of their part, binary little endian. The file is replaced
    atomically.

    Args:
        path: the file.
        pos: the points, written in double precision if float32 does not hold them.
        labels: the part of each point.
        offset: is added to every point, in double precision, to restore the position of a cloud that was moved to the
            origin (default: none).

    Shapes:
        - **pos:** ``[n, 3]``, **labels:** int ``[n]``, **offset:** float64 ``[3]``

    Raises:
        DataError: as for :class:`~conclu_pyg.vis.panel.Panel`.
    """
    Panel(path.name, pos, labels)  # checks the arrays
    comment = "label: the part of each point, by number"
    ply_writer.write_ply(path, pos, offset, {"colors": color_of(labels)}, labels.astype(np.int32), [comment])
