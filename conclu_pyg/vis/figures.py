"""Matplotlib figures as PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conclu_pyg.files import atomic_write
from conclu_pyg.vis.libraries import import_vis

DPI = 110


def make_figure(**options: Any) -> Any:
    """Returns an empty ``matplotlib.figure.Figure`` that belongs to no window.

    Raises:
        ConcluError: matplotlib is missing.
    """
    return import_vis("matplotlib.figure", "drawing a figure").Figure(**options)


def save_figure(figure: Any, path: Path, dpi: int = DPI, crop: bool = False) -> None:
    """Writes a figure as PNG, with mathtext disabled in all its texts: names come from users' files, and matplotlib
    would read the text between two dollar signs as a formula and reject an invalid one.

    Args:
        figure: a matplotlib figure.
        path: the file to write.
        dpi: pixels per inch (default: 110).
        crop: removes empty margins (default: False).
    """
    text = import_vis("matplotlib.text", "drawing a figure").Text
    for item in figure.findobj(text):
        item.set_parse_math(False)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=dpi, bbox_inches="tight" if crop else None)
