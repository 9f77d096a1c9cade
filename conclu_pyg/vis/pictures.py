"""Clouds side by side as one PNG, parts in their colours, with titles and a legend."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from conclu_pyg.errors import ConfigError
from conclu_pyg.vis.camera import View, look
from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.figures import save_figure
from conclu_pyg.vis.panel import Names, Panel, legend
from conclu_pyg.vis.renderers import draw_with_matplotlib, draw_with_open3d

MAX_DRAWN = 500_000  # more than there are pixels to see them on
MAX_PANELS = 60
NAME_LENGTH, TITLE_LENGTH, MAX_TITLE = 32, 48, 400
LEGEND_ROW, LINE, LETTER = 0.24, 0.2, 0.085  # inches: a row of the legend, a line of the title, a wide letter of it
DPI = 110

RENDERERS: dict[str, Callable[[Sequence[tuple[View, np.ndarray]], int], list[np.ndarray]]] = {
    "open3d": draw_with_open3d,
    "matplotlib": draw_with_matplotlib,
}


def render_picture(
    panels: Sequence[Panel],
    names: Names,
    path: Path,
    up_axis: int = 2,
    renderer: str = "open3d",
    columns: int = 3,
    size: int = 420,
    title: str = "",
) -> None:
    """Draws clouds side by side, each as large as its frame, seen from the side and slightly above.

    ``open3d`` draws with Open3D's visualiser: in a hidden window where there is a display, and through EGL where there
    is none. On a Linux without display and graphics card this works with Debian's packages ``libegl1`` and
    ``libgl1-mesa-dri``, by Mesa's software renderer (measured on two busy cores: 3 s for a picture of three
    clouds, after 2 s for the import). Open3D's
    other one, ``OffscreenRenderer``, is not used: since 0.20 it needs Vulkan, and where that is installed without a
    driver it ends the whole process. ``matplotlib`` needs nothing that is not there already, and its points have no
    shading; nothing takes it in place of the other but the caller.

    Args:
        panels: what to draw; of a cloud of more than 500,000 points, a random choice is drawn.
        names: the names of the parts, a list by label or a mapping from it.
        path: the PNG file to write.
        up_axis: which coordinate points up (default: 2).
        renderer: ``open3d`` or ``matplotlib`` (default: ``open3d``).
        columns: how many clouds stand side by side (default: 3).
        size: width and height of each, in pixels (default: 420).
        title: what stands above them all, on as many lines as it needs (default: nothing).

    Raises:
        ConfigError: an unknown renderer, no panels or more than 60.
        ConcluError: Open3D is missing, or finds no way to draw.
    """
    if renderer not in RENDERERS:
        raise ConfigError(f"there is no renderer {renderer!r}; take one of {', '.join(RENDERERS)}.")
    if not 1 <= len(panels) <= MAX_PANELS:
        raise ConfigError(f"a picture shows 1 to {MAX_PANELS} clouds, found {len(panels)}; make several pictures.")
    panels = [panel.thinned(MAX_DRAWN) for panel in panels]
    images = RENDERERS[renderer]([(look(panel.pos, up_axis), panel.labels) for panel in panels], size)
    _compose(panels, images, legend(panels, names), path, min(columns, len(panels)), size, title)


def _compose(
    panels: Sequence[Panel],
    images: Sequence[np.ndarray],
    names: dict[int, str],
    path: Path,
    columns: int,
    size: int,
    title: str,
) -> None:
    rows = -(-len(panels) // columns)
    texts = [_shortened(name, NAME_LENGTH) for name in names.values()]
    width = columns * size / DPI
    # A letter is about 0.075 inches wide at this size, and the marker and the gaps take another 0.55.
    legend_columns = max(1, min(len(texts), int(width / (0.075 * max(map(len, texts)) + 0.55))))
    legend_height = LEGEND_ROW * -(-len(texts) // legend_columns) + 0.2
    title_height = 0.3
    whole = _shortened(title, MAX_TITLE).replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.wrap(whole, int(width / LETTER))
    top = rows * (size / DPI + title_height) + legend_height
    height = top + LINE * len(lines)
    figure = Figure(figsize=(width, height), dpi=DPI)
    figure.text(0.5, 1 - 0.06 / height, "\n".join(lines), ha="center", va="top", fontsize=10.5)
    for index, (panel, image) in enumerate(zip(panels, images, strict=True)):
        row, column = divmod(index, columns)
        bottom = top - row * (size / DPI + title_height) - title_height - size / DPI
        axis = figure.add_axes((column / columns, bottom / height, 1 / columns, size / DPI / height))
        axis.imshow(image, interpolation="antialiased")
        axis.set_axis_off()
        axis.set_title(_shortened(panel.title, TITLE_LENGTH), fontsize=10, pad=4)
    handles = [Line2D([], [], marker="o", linestyle="", markersize=8, color=hex_of(label)) for label in names]
    figure.legend(
        handles, texts, loc="lower center", ncols=legend_columns, fontsize=9, frameon=False, borderaxespad=0.4,
        handletextpad=0.3, columnspacing=1.2,
    )  # fmt: skip
    save_figure(figure, path, DPI)


def _shortened(text: str, length: int) -> str:
    """On one line, without what cannot be printed, and no longer than this."""
    text = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return text if len(text) <= length else f"{text[: length - 1]}…"
