"""Self-contained HTML pages of small pictures of clouds, with text, in groups."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from conclu_pyg.files import atomic_write
from conclu_pyg.text import printable
from conclu_pyg.vis.camera import fit_camera
from conclu_pyg.vis.generator import GENERATOR
from conclu_pyg.vis.heat import heat_level, hex_colors

MAX_POINTS = 600  # of a picture: about 5 kB
SHADES = 4  # from far to near
SIDE = 150  # units of a picture
MIN_WIDTH = 2.0  # of a point, in these units

# The content security policy forbids scripts and all requests.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{generator}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --text: #222; --weak: #5a5a5a; --line: #d5d5d5; --page: #fff;
  --s0: #b9c4cf; --s1: #8b9db0; --s2: #587290; --s3: #24486f; --chosen: #b3540b; }}
@media (prefers-color-scheme: dark) {{ :root {{ --text: #e8e8e8; --weak: #a9a9a9; --line: #444; --page: #16181b;
  --s0: #45515e; --s1: #66788c; --s2: #93a9c0; --s3: #cfe0f2; --chosen: #f2a65a; }} }}
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 1340px; padding: 0 1rem;
  color: var(--text); background: var(--page); }}
h1 {{ font-size: 1.35rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.05rem; margin: 1.6rem 0 .2rem; overflow-wrap: anywhere; }}
p {{ margin: .2rem 0; color: var(--weak); overflow-wrap: anywhere; }}
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(160px, 46%), 1fr)); gap: .7rem;
  list-style: none; margin: .5rem 0; padding: 0; }}
li {{ border: 1px solid var(--line); border-radius: 6px; padding: .4rem; min-width: 0; font-size: .85rem; }}
li.marked {{ border-color: var(--chosen); border-width: 2px; }}
li strong {{ display: block; overflow-wrap: anywhere; font-weight: 600; }}
svg {{ display: block; width: 100%; height: auto; }}
path {{ fill: none; stroke-linecap: round; }}
</style>
</head>
<body>
<h1>{title}</h1>
{intro}
{sections}
</body>
</html>
"""


@dataclass(frozen=True)
class Card:
    """A picture of a cloud with text.

    Args:
        title: the cloud's name.
        points: its points; at most 600 are drawn.
        lines: text below the name (default: none).
        marked: whether the card is framed in another colour (default: no).
        values: a score of each point, shown by colours (:mod:`conclu_pyg.vis.heat`; default: shades show the distance).

    Shapes:
        - **points:** ``[n, 3]``, **values:** ``[n]``
    """

    title: str
    points: np.ndarray
    lines: Sequence[str] = ()
    marked: bool = False
    values: np.ndarray | None = None


@dataclass(frozen=True)
class Section:
    """A group of cards.

    Args:
        title: the heading.
        cards: the cards.
        lines: sentences below the heading (default: none).
    """

    title: str
    cards: Sequence[Card] = field(default_factory=list)
    lines: Sequence[str] = ()


def write_cards(
    path: Path, title: str, sections: Sequence[Section], lines: Sequence[str] = (), up_axis: int = 2
) -> None:
    """Writes a page of cards in groups, about 6 kB for each card. It needs no script and no network; names are
    escaped.

    Args:
        path: the HTML file to write.
        title: the heading.
        sections: the groups.
        lines: sentences below the heading (default: none).
        up_axis: the up axis of the clouds, 0 to 2 (default: 2).

    Raises:
        OSError: the file cannot be written.
    """
    page = PAGE.format(
        generator=GENERATOR,
        title=_text(title),
        intro=_paragraphs(lines),
        sections="\n".join(_section(section, up_axis) for section in sections),
    )
    with atomic_write(path) as file:
        file.write(page.encode("utf-8", "replace"))


def _section(section: Section, up_axis: int) -> str:
    cards = "\n".join(_card(card, up_axis) for card in section.cards)
    listed = f"<ul>\n{cards}\n</ul>" if cards else ""
    return f"<section>\n<h2>{_text(section.title)}</h2>\n{_paragraphs(section.lines)}\n{listed}\n</section>"


def _card(card: Card, up_axis: int) -> str:
    marked = ' class="marked"' if card.marked else ""
    text = f"<strong>{_text(card.title)}</strong>{_paragraphs(card.lines)}"
    return f"<li{marked}>{draw_svg(card.points, up_axis, card.title, card.values)}{text}</li>"


def draw_svg(points: np.ndarray, up_axis: int, title: str = "", values: np.ndarray | None = None) -> str:
    """Returns a picture of a cloud as SVG, seen from the side and slightly above. Near points are drawn darker; with
    values, points are drawn in the colours of their values, the highest in front.

    Args:
        points: the cloud; at most 600 points are drawn.
        up_axis: its up axis, 0 to 2.
        title: the text for screen readers (default: none).
        values: a score of each point (:mod:`conclu_pyg.vis.heat`; default: none).

    Shapes:
        - **points:** ``[n, 3]``, **values:** ``[n]``
    """
    rows = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(rows) > MAX_POINTS:
        rows = rows[np.linspace(0, len(rows) - 1, MAX_POINTS).astype(int)]
    label = f'role="img" aria-label="{_text(title)}"'
    if not len(rows):
        return f'<svg viewBox="0 0 {SIDE} {SIDE}" {label}></svg>'
    view = fit_camera(points[rows], up_axis)
    place = np.round((view.project() * [1, -1] + 1) * SIDE / 2).astype(int)
    width = max(MIN_WIDTH, view.point_width() * SIDE)
    if values is None:
        order = np.argsort(view.points[:, 2], kind="stable")  # far points first
        groups = [(f"var(--s{shade})", part) for shade, part in enumerate(np.array_split(order, SHADES))]
    else:
        level = heat_level(values[rows])
        groups = [(color, np.flatnonzero(level == each)) for each, color in enumerate(hex_colors())]
    paths = []
    for color, chosen in groups:
        dots = "".join(f"M{x} {y}h0" for x, y in place[chosen])
        if dots:
            paths.append(f'<path style="stroke:{color}" stroke-width="{width:.1f}" d="{dots}"/>')
    return f'<svg viewBox="0 0 {SIDE} {SIDE}" {label}>{"".join(paths)}</svg>'


def _paragraphs(lines: Sequence[str]) -> str:
    return "".join(f"<p>{_text(line)}</p>" for line in lines)


def _text(text: str) -> str:
    return html.escape(printable(text))
