"""The file of a report."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.files import atomic_write
from conclu_pyg.text import printable
from conclu_pyg.vis.generator import GENERATOR
from conclu_pyg.vis.report.blocks import Block
from conclu_pyg.vis.report.packing import pack_clouds
from conclu_pyg.vis.report.text import escape, paragraphs, to_json

# The content security policy allows this script alone, and no requests: text of users that became markup could not run.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{generator}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '{hash}'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1>{intro}<nav aria-label="sections">{links}</nav></header>
<noscript><p>Pictures and maps need JavaScript, which is disabled in this browser; text, tables and curves do not.</p>
</noscript>
<main>{sections}</main>
<dialog id="cloud" aria-label="cloud"><form method="dialog"><button>close</button></form><div class="viewer"></div>
</dialog>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Args:
        title: the heading.
        blocks: its blocks.
        lines: sentences below the heading (default: none).
    """

    title: str
    blocks: Sequence[Block] = field(default_factory=list)
    lines: Sequence[str] = ()


@dataclass(frozen=True)
class PicturedClouds:
    """The clouds of a report, by their rows.

    Args:
        names: the name of each cloud.
        points: some points of each cloud; none for one that cannot be shown.
        up_axis: their up axis, 0 to 2.

    Shapes:
        - **points:** ``[m, 3]`` each
    """

    names: Sequence[str] = ()
    points: Sequence[np.ndarray] = ()
    up_axis: int = 2

    @property
    def data(self) -> dict[str, Any]:
        return {"names": [printable(name) for name in self.names], **pack_clouds(self.points, self.up_axis)}


def write_report(
    path: Path, title: str, sections: Sequence[Section], lines: Sequence[str] = (), clouds: PicturedClouds | None = None
) -> None:
    """Writes a report as one HTML file that needs no network and, for text, tables and curves, no script.

    Args:
        path: the file to write.
        title: the heading.
        sections: the sections.
        lines: sentences below the heading (default: none).
        clouds: the clouds whose rows the blocks name (default: none).

    Raises:
        OSError: the file cannot be written.
    """
    script = asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data: dict[str, Any] = {"clouds": (clouds or PicturedClouds()).data}
    for section in sections:
        for block in section.blocks:
            data |= block.data
    page = PAGE.format(
        generator=GENERATOR,
        hash=f"sha256-{digest}",
        title=escape(title),
        style=asset("report.css"),
        intro=paragraphs(lines),
        links="".join(f'<a href="#{_name(place)}">{escape(each.title)}</a> ' for place, each in enumerate(sections)),
        sections="\n".join(_section(place, each) for place, each in enumerate(sections)),
        data=to_json(data),
        script=script,
    )
    with atomic_write(path) as file:
        file.write(page.encode("utf-8", "replace"))


def asset(name: str) -> str:
    """Returns the text of a file next to this module."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _name(place: int) -> str:
    return f"section-{place + 1}"


def _section(place: int, section: Section) -> str:
    blocks = "\n".join(block.html() for block in section.blocks)
    return f'<section id="{_name(place)}"><h2>{escape(section.title)}</h2>{paragraphs(section.lines)}{blocks}</section>'
