"""Self-contained HTML pages on which clouds can be rotated and zoomed."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import ConfigError
from conclu_pyg.files import atomic_write
from conclu_pyg.text import printable
from conclu_pyg.vis.camera import camera_axes, fit_camera
from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.generator import GENERATOR
from conclu_pyg.vis.libraries import import_vis
from conclu_pyg.vis.panel import Names, Panel, legend

MAX_POINTS = 20_000  # of a cloud; browsers rotate that many smoothly
MAX_CLOUDS = 60
MAX_PANELS = 4
FEW_CLOUDS = 3  # more get a list of links
PANEL_WIDTH, HEIGHT = 430, 480  # pixels; panels shrink in a narrower window
DISTANCE = 1.75  # of the eye, in edge lengths of the cube around the bounding sphere of a cloud
MIN_WIDTH = 300  # pixels in which a panel of HEIGHT shows that sphere at DISTANCE, with plotly's angle of 45 degrees
FRAME = 330  # pixels of plotly to which the width of a point is relative

# A browser keeps about 16 WebGL scenes and drops the oldest: each scene is drawn when it comes into view and released
# when it leaves. The content security policy forbids all requests.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{generator}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval';
 style-src 'unsafe-inline'; img-src data: blob:; font-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 1340px; padding: 0 1rem; color: #222; }}
h1 {{ font-size: 1.35rem; }}
h2 {{ font-size: 1.05rem; margin: 1.6rem 0 .2rem; overflow-wrap: anywhere; }}
p {{ margin: .2rem 0; color: #555; overflow-wrap: anywhere; }}
nav a {{ margin-right: .9em; display: inline-block; }}
.clouds {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min({width}px, 100%), 1fr)); gap: 0 1rem; }}
section {{ min-width: 0; display: flex; flex-direction: column; overflow: auto hidden; }}
.wide {{ grid-column: 1 / -1; }}
.wide .scene {{ min-width: 700px; }}
.scene {{ height: {height}px; margin-top: auto; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>Drag to rotate, scroll to zoom; click a part in the legend to hide it, double-click to show it alone.</p>
<noscript><p>The clouds need JavaScript, which is disabled in this browser.</p></noscript>
{links}
<div class="clouds">
{clouds}
</div>
<script>{plotly}</script>
<script>
const config = {{responsive: true, displaylogo: false}};
const watch = new IntersectionObserver((entries) => entries.forEach((entry) => {{
  const scene = entry.target;
  if (entry.isIntersecting && !scene.dataset.drawn) {{
    scene.dataset.drawn = "1";
    const figure = JSON.parse(document.getElementById(scene.dataset.figure).textContent);
    const panels = Object.keys(figure.layout).filter((key) => key.startsWith("scene"));
    const back = Math.max(1, {min_width} * panels.length / scene.clientWidth);  // shows whole clouds in narrow panels
    for (const {{camera}} of panels.map((key) => figure.layout[key]))
      for (const axis of "xyz") camera.eye[axis] *= back;
    Plotly.newPlot(scene, figure.data, figure.layout, config).then(() => {{ scene.dataset.shown = "1"; }});
  }} else if (!entry.isIntersecting && scene.dataset.drawn) {{
    Plotly.purge(scene);
    delete scene.dataset.drawn;
    delete scene.dataset.shown;
  }}
}}), {{rootMargin: "200px"}});
document.querySelectorAll(".scene").forEach((scene) => watch.observe(scene));
</script>
</body>
</html>
"""
CLOUD = """<section id="cloud-{index}"{wide}>
<h2>{name}</h2>
{notes}
<div class="scene" data-figure="figure-{index}"></div>
<script type="application/json" id="figure-{index}">{figure}</script>
</section>"""


@dataclass(frozen=True)
class PageCloud:
    """A cloud of a page: its name, its panels side by side, and notes.

    Args:
        name: the heading, such as the name of its file.
        panels: 1 to 4 panels, as from :func:`conclu_pyg.vis.panel.panels_of`.
        notes: sentences below the heading (default: none).
    """

    name: str
    panels: Sequence[Panel]
    notes: Sequence[str] = ()

    def thinned(self) -> PageCloud:
        """Returns a copy with at most 20,000 random points, the same in all panels, and a note if points were left
        out."""
        size = max((len(panel.pos) for panel in self.panels), default=0)
        chosen = [f"{MAX_POINTS:,} of its {size:,} points are shown, chosen at random."] if size > MAX_POINTS else []
        panels = [panel.thinned(MAX_POINTS) for panel in self.panels]
        copies = [Panel(panel.title, panel.pos.copy(), panel.labels.copy()) for panel in panels]
        return PageCloud(self.name, copies, [*self.notes, *chosen])


def write_page(path: Path, clouds: Sequence[PageCloud], names: Names, title: str = "Parts", up_axis: int = 2) -> None:
    """Writes a page with the panels of each cloud side by side and a legend of its parts. Clouds of a single panel are
    arranged in rows; more than three clouds get a list of links.

    Clouds are :meth:`thinned <PageCloud.thinned>`. The file contains plotly's script (5 MB) and about 0.3 MB for a
    panel of 20,000 points.

    Args:
        path: the HTML file to write.
        clouds: 1 to 60 clouds.
        names: the names of the parts, by label.
        title: the heading (default: Parts).
        up_axis: the up axis, 0 to 2 (default: 2).

    Raises:
        ConfigError: the number of clouds is not 1 to 60, or that of the panels of a cloud is not 1 to 4.
        ConcluError: plotly is missing.
    """
    if not 1 <= len(clouds) <= MAX_CLOUDS:
        raise ConfigError(
            f"a page shows 1 to {MAX_CLOUDS} clouds, got {len(clouds)}; make several pages.", got=len(clouds)
        )
    wrong = next((cloud for cloud in clouds if not 1 <= len(cloud.panels) <= MAX_PANELS), None)
    if wrong is not None:
        raise ConfigError(
            f"a page shows 1 to {MAX_PANELS} panels of a cloud, got {len(wrong.panels)}.", got=len(wrong.panels)
        )
    graph_objects, offline = (import_vis(f"plotly.{name}", "writing a page") for name in ("graph_objects", "offline"))
    with atomic_write(path) as file:
        sections = [
            CLOUD.format(
                name=html.escape(printable(cloud.name)),
                notes="".join(f"<p>{html.escape(printable(note))}</p>" for note in cloud.notes),
                index=index,
                wide=' class="wide"' if len(cloud.panels) > 1 else "",
                figure=_json(_figure(graph_objects, cloud, names, up_axis)),
            )
            for index, cloud in enumerate(map(PageCloud.thinned, clouds))
        ]
        page = PAGE.format(
            generator=GENERATOR,
            title=html.escape(printable(title)),
            height=HEIGHT,
            min_width=MIN_WIDTH,
            width=PANEL_WIDTH - 30,  # so that three and the gaps between them fit into a row
            links=_links(clouds),
            clouds="\n".join(sections),
            plotly=offline.get_plotlyjs(),
        )
        file.write(page.encode("utf-8", "replace"))


def _links(clouds: Sequence[PageCloud]) -> str:
    if len(clouds) <= FEW_CLOUDS:
        return ""
    links = (f'<a href="#cloud-{index}">{html.escape(printable(cloud.name))}</a>' for index, cloud in enumerate(clouds))
    return f"<nav>{' '.join(links)}</nav>"


def _json(figure: Any) -> str:
    """Returns the figure as JSON that is safe inside ``<script>``."""
    text = str(figure.to_json())
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _figure(graph_objects: Any, cloud: PageCloud, names: Names, up_axis: int) -> Any:
    """Returns a figure with a scene for each panel, side by side, and a legend entry for each part."""
    panels = cloud.panels
    parts = legend(panels, names)
    figure = graph_objects.Figure()
    unseen = set(parts)
    share = 1 / len(panels)
    for index, panel in enumerate(panels):
        scene = f"scene{index + 1 if index else ''}"
        width = max(1.5, FRAME * fit_camera(panel.pos, up_axis).point_width() / 2)
        for label, name in parts.items():
            of_label = panel.labels == label
            if not of_label.any():
                continue
            x, y, z = panel.pos[of_label].astype(np.float32).T
            figure.add_scatter3d(
                x=x, y=y, z=z, scene=scene, mode="markers", marker={"size": width, "color": hex_of(label)},
                name=_escape(name), legendgroup=str(label), showlegend=label in unseen, hoverinfo="name",
            )  # fmt: skip
            unseen.discard(label)
        figure.update_layout({scene: _scene(panel.pos, index * share, share, up_axis)})
        figure.add_annotation(
            text=_escape(panel.title), x=(index + 0.5) * share, y=1, xref="paper", yref="paper", yanchor="bottom",
            showarrow=False,
        )  # fmt: skip
    figure.update_layout(
        height=HEIGHT, margin={"l": 0, "r": 0, "t": 28, "b": 0},
        modebar={"orientation": "v"},  # next to the titles, not over them
        legend={"orientation": "h", "y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center", "itemsizing": "constant"},
    )  # fmt: skip
    return figure


def _scene(pos: np.ndarray, start: float, share: float, up_axis: int) -> dict[str, Any]:
    """Returns a scene with hidden axes of equal units and the camera direction of the pictures. The whole cloud is in
    view in every rotation."""
    center = (pos.max(axis=0) + pos.min(axis=0)) / 2
    radius = float(np.linalg.norm(pos - center, axis=1).max()) or 1.0
    up, eye = np.eye(3)[up_axis], DISTANCE * camera_axes(up_axis)[2]
    axes = ("x", "y", "z")
    return {
        "domain": {"x": [start, start + share], "y": [0, 1]},
        "aspectmode": "cube",
        **{
            f"{axis}axis": {"visible": False, "range": [float(middle) - radius, float(middle) + radius]}
            for axis, middle in zip(axes, center, strict=True)
        },
        "camera": {
            "up": dict(zip(axes, up.tolist(), strict=True)),
            "eye": dict(zip(axes, eye.tolist(), strict=True)),
        },
    }  # fmt: skip


def _escape(text: str) -> str:
    """Escapes a name for plotly, which interprets ``<`` and ``&`` as HTML."""
    return html.escape(printable(" ".join(text.split())), quote=False)[:80]
