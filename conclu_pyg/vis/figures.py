"""Figures as files, in whose texts no name begins a formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text

from conclu_pyg.files import atomic_write

DPI = 110


def save_figure(figure: Figure, path: Path, dpi: int = DPI, crop: bool = False) -> None:
    """Writes a figure as PNG. Its texts are drawn letter by letter: names come from other people's files, and
    matplotlib takes what stands between two dollar signs for a formula, and refuses what is none.

    Args:
        figure: what to draw.
        path: the file to write.
        dpi: pixels for each inch (default: 110).
        crop: leaves empty edges out (default: false).
    """
    texts: list[Any] = figure.findobj(Text)
    for text in texts:
        text.set_parse_math(False)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=dpi, bbox_inches="tight" if crop else None)
