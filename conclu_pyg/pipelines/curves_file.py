"""The picture of a run's curves, drawn again from time to time."""

from __future__ import annotations

import time
from pathlib import Path

from conclu_pyg.extras import is_installed
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.runs.folder import CURVES_NAME
from conclu_pyg.vis.curves import plot_curves

SHARE = 0.02  # of the time of a run that its drawings may take, apart from the first and the last


class CurvesFile:
    """Draws ``curves.png`` from ``metrics.csv``; nothing without matplotlib.

    Args:
        folder: the run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._due = 0.0

    def update(self, *, last: bool = False) -> None:
        """Draw the curves, unless that would take too much of the time since the last drawing.

        Args:
            last: whether to draw them in any case (default: False).
        """
        began = time.perf_counter()
        if not is_installed("matplotlib") or (began < self._due and not last):
            return
        plot_curves(read_metrics(self.folder), self.folder / CURVES_NAME)
        now = time.perf_counter()
        self._due = now + (now - began) / SHARE
