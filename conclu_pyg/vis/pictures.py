"""PNG pictures of clouds side by side, with titles and a legend."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from conclu_pyg.errors import ConfigError
from conclu_pyg.vis.camera import View, fit_camera
from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.figures import make_figure, save_figure
from conclu_pyg.vis.libraries import import_vis
from conclu_pyg.vis.panel import Names, Panel, legend
from conclu_pyg.vis.renderers import draw_with_matplotlib, draw_with_open3d

MAX_DRAWN = 500_000  # about the number of pixels
MAX_PANELS = 60
NAME_LENGTH, TITLE_LENGTH, MAX_TITLE = 32, 48, 400
LEGEND_ROW, LINE, LETTER = 0.24, 0.2, 0.085  # inches: a legend row, a title line, a wide letter of the title
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
    """Draws clouds side by side, each filling its frame, seen from the side and slightly above.

    ``open3d`` draws with Open3D's visualiser: in a hidden window if there is a display, else through EGL. On Linux
    without a display and a graphics card this works with Debian's packages ``libegl1`` and ``libgl1-mesa-dri``, by
    Mesa's software renderer (3 s for a picture of three clouds on two busy cores, after 2 s for the import). Open3D's
    ``OffscreenRenderer`` is not used: since 0.20 it needs Vulkan, and it terminates the process if Vulkan is installed
    without a driver. ``matplotlib`` draws without shading and does not need Open3D. Neither replaces the other
    automatically.

    Args:
        panels: the clouds; of a cloud of more than 500,000 points a random subset is drawn.
        names: the names of the parts, by label.
        path: the PNG file to write.
        up_axis: the up axis, 0 to 2 (default: 2).
        renderer: ``open3d`` or ``matplotlib`` (default: ``open3d``).
        columns: the number of clouds in a row (default: 3).
        size: the width and height of each cloud in pixels (default: 420).
        title: the title of the picture, wrapped into lines (default: none).

    Raises:
        ConfigError: the renderer is unknown, or the number of panels is not 1 to 60.
        ConcluError: Open3D or matplotlib is missing, or Open3D cannot draw here.
    """
    if renderer not in RENDERERS:
        raise ConfigError(
            f"renderer must be one of {', '.join(RENDERERS)}; got {renderer!r}.", argument="renderer", got=renderer
        )
    if not 1 <= len(panels) <= MAX_PANELS:
        raise ConfigError(
            f"a picture shows 1 to {MAX_PANELS} clouds, got {len(panels)}; make several pictures.", got=len(panels)
        )
    panels = [panel.thinned(MAX_DRAWN) for panel in panels]
    images = RENDERERS[renderer]([(fit_camera(panel.pos, up_axis), panel.labels) for panel in panels], size)
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
    # A letter is about 0.075 inches wide at this size; the marker and the gaps take another 0.55.
    legend_columns = max(1, min(len(texts), int(width / (0.075 * max(map(len, texts)) + 0.55))))
    legend_height = LEGEND_ROW * -(-len(texts) // legend_columns) + 0.2
    title_height = 0.3
    whole = _shortened(title, MAX_TITLE).replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.wrap(whole, int(width / LETTER))
    top = rows * (size / DPI + title_height) + legend_height
    height = top + LINE * len(lines)
    figure = make_figure(figsize=(width, height), dpi=DPI)
    figure.text(0.5, 1 - 0.06 / height, "\n".join(lines), ha="center", va="top", fontsize=10.5)
    for index, (panel, image) in enumerate(zip(panels, images, strict=True)):
        row, column = divmod(index, columns)
        bottom = top - row * (size / DPI + title_height) - title_height - size / DPI
        axis = figure.add_axes((column / columns, bottom / height, 1 / columns, size / DPI / height))
        axis.imshow(image, interpolation="antialiased")
        axis.set_axis_off()
        axis.set_title(_shortened(panel.title, TITLE_LENGTH), fontsize=10, pad=4)
    line = import_vis("matplotlib.lines", "drawing a picture").Line2D
    handles = [line([], [], marker="o", linestyle="", markersize=8, color=hex_of(label)) for label in names]
    figure.legend(
        handles, texts, loc="lower center", ncols=legend_columns, fontsize=9, frameon=False, borderaxespad=0.4,
        handletextpad=0.3, columnspacing=1.2,
    )  # fmt: skip
    save_figure(figure, path, DPI)


def _shortened(text: str, length: int) -> str:
    """Returns the text on one line, without unprintable characters, cut to a length."""
    text = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return text if len(text) <= length else f"{text[: length - 1]}…"
