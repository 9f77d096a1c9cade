"""Clouds to turn and zoom on one HTML page that holds all it needs and works without a network."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import ConcluError, ConfigError, one_line
from conclu_pyg.files import atomic_write
from conclu_pyg.vis.camera import camera_axes, look
from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.panel import Names, Panel, legend

MAX_POINTS = 20_000  # of a cloud; browsers turn that many without a stutter
MAX_CLOUDS = 60
MAX_PANELS = 4
FEW_CLOUDS = 3  # up to so many need no list of links
PANEL_WIDTH, HEIGHT = 430, 480  # pixels; where the window is narrower, panels shrink
DISTANCE = 1.75  # of the eye, in edges of the cube around the sphere around a cloud
WHOLE = (
    300  # pixels that a panel of HEIGHT must be wide to show that sphere from there, with plotly's angle of 45 degrees
)
FRAME = 330  # what a point's width is a share of, so that neighbours touch; in pixels of plotly

# A browser has about 16 scenes of WebGL at once and drops the oldest: each is drawn when it comes into view, and given
# back when it leaves. The policy forbids every request, so that nothing on the page can call anywhere.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
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
<p>Drag to turn, scroll to zoom; a click on a part in the legend hides it, a double click shows it alone.</p>
<noscript><p>The clouds need JavaScript, which this browser has switched off.</p></noscript>
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
    const back = Math.max(1, {whole} * panels.length / scene.clientWidth);  // from narrow panels, to see the whole
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
    """A cloud of a page: what it is called, its panels side by side, and what to say of it.

    Args:
        name: the heading, such as the name of its file.
        panels: 1 to 4, as :func:`conclu_pyg.vis.panel.panels_of` gives them.
        notes: sentences below the heading (default: none).
    """

    name: str
    panels: Sequence[Panel]
    notes: Sequence[str] = ()

    def thinned(self) -> PageCloud:
        """The cloud as a page shows it, in arrays of its own: of more than 20,000 points a random choice, the same in
        all panels, which a note then says."""
        size = max((len(panel.pos) for panel in self.panels), default=0)
        chosen = [f"{MAX_POINTS:,} of its {size:,} points are shown, chosen at random."] if size > MAX_POINTS else []
        panels = [panel.thinned(MAX_POINTS) for panel in self.panels]
        copies = [Panel(panel.title, panel.pos.copy(), panel.labels.copy()) for panel in panels]
        return PageCloud(self.name, copies, [*self.notes, *chosen])


def write_page(path: Path, clouds: Sequence[PageCloud], names: Names, title: str = "Parts", up_axis: int = 2) -> None:
    """Writes the page: for each cloud its panels as scenes side by side, with a legend of its parts. Clouds of one
    panel stand beside each other; before more than three clouds there is a list of links.

    Clouds are shown :meth:`thinned <PageCloud.thinned>`.
    The file has about 5 MB of plotly's script, and 0.3 MB for a panel of 20,000 points.

    Args:
        path: the HTML file to write.
        clouds: what to show, 1 to 60.
        names: the names of the parts, a list by label or a mapping from it.
        title: the heading (default: ``Parts``).
        up_axis: which coordinate points up (default: 2).

    Raises:
        ConfigError: no clouds, more than 60, or one of no panels or more than 4.
        ConcluError: plotly is missing.
    """
    if not 1 <= len(clouds) <= MAX_CLOUDS:
        raise ConfigError(f"a page shows 1 to {MAX_CLOUDS} clouds, found {len(clouds)}; make several pages.")
    wrong = next((cloud for cloud in clouds if not 1 <= len(cloud.panels) <= MAX_PANELS), None)
    if wrong is not None:
        raise ConfigError(f"a page shows 1 to {MAX_PANELS} panels of a cloud, found {len(wrong.panels)}.")
    try:
        from plotly import graph_objects, offline
    except ImportError as error:
        raise ConcluError(
            f"the page needs plotly, which cannot be imported ({one_line(error)}); run `pip install plotly`."
        ) from error
    with atomic_write(path) as file:
        sections = [
            CLOUD.format(
                name=html.escape(cloud.name),
                notes="".join(f"<p>{html.escape(note)}</p>" for note in cloud.notes),
                index=index,
                wide=' class="wide"' if len(cloud.panels) > 1 else "",
                figure=_json(_figure(graph_objects, cloud, names, up_axis)),
            )
            for index, cloud in enumerate(map(PageCloud.thinned, clouds))
        ]
        page = PAGE.format(
            title=html.escape(title),
            height=HEIGHT,
            whole=WHOLE,
            width=PANEL_WIDTH - 30,  # three beside each other with the gaps between them
            links=_links(clouds),
            clouds="\n".join(sections),
            plotly=offline.get_plotlyjs(),
        )
        file.write(page.encode("utf-8", "replace"))


def _links(clouds: Sequence[PageCloud]) -> str:
    if len(clouds) <= FEW_CLOUDS:
        return ""
    links = (f'<a href="#cloud-{index}">{html.escape(cloud.name)}</a>' for index, cloud in enumerate(clouds))
    return f"<nav>{' '.join(links)}</nav>"


def _json(figure: Any) -> str:
    """The figure for a ``<script>``, which no text within can end."""
    text = str(figure.to_json())
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _figure(graph_objects: Any, cloud: PageCloud, names: Names, up_axis: int) -> Any:
    """A scene for each panel, side by side, with one entry of the legend for each part."""
    panels = cloud.panels
    parts = legend(panels, names)
    figure = graph_objects.Figure()
    unseen = set(parts)
    share = 1 / len(panels)
    for index, panel in enumerate(panels):
        scene = f"scene{index + 1 if index else ''}"
        width = max(1.5, FRAME * look(panel.pos, up_axis).point_width() / 2)
        for label, name in parts.items():
            of_label = panel.labels == label
            if not of_label.any():
                continue
            x, y, z = panel.pos[of_label].astype(np.float32).T
            figure.add_scatter3d(
                x=x, y=y, z=z, scene=scene, mode="markers", marker={"size": width, "color": hex_of(label)},
                name=_plain(name), legendgroup=str(label), showlegend=label in unseen, hoverinfo="name",
            )  # fmt: skip
            unseen.discard(label)
        figure.update_layout({scene: _scene(panel.pos, index * share, share, up_axis)})
        figure.add_annotation(
            text=_plain(panel.title), x=(index + 0.5) * share, y=1, xref="paper", yref="paper", yanchor="bottom",
            showarrow=False,
        )  # fmt: skip
    figure.update_layout(
        height=HEIGHT, margin={"l": 0, "r": 0, "t": 28, "b": 0},
        modebar={"orientation": "v"},  # beside the titles, not over them
        legend={"orientation": "h", "y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center", "itemsizing": "constant"},
    )  # fmt: skip
    return figure


def _scene(pos: np.ndarray, start: float, share: float, up_axis: int) -> dict[str, Any]:
    """Bare axes of equal units, seen from where pictures are, with the whole cloud in view however it is turned."""
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


def _plain(text: str) -> str:
    """A name that plotly draws as it is: it takes ``<`` for the beginning of a tag, and ``&`` for that of a sign."""
    return html.escape(" ".join(text.split()), quote=False)[:80]
