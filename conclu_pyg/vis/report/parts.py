"""Clouds with labels of their points, side by side, which are turned together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.panel import SPECIAL_NAMES, Names, Panel, legend
from conclu_pyg.vis.report.packing import WORD, pack, pack_clouds
from conclu_pyg.vis.report.text import escape, paragraphs

MAX_POINTS = 2048  # of a cloud


@dataclass(frozen=True)
class PartsCloud:
    """A cloud with panels of the same points, such as truth, prediction and error.

    Args:
        name: the heading.
        panels: as from :func:`conclu_pyg.vis.panel.panels_of`; at most 2,048 random points are shown.
        lines: sentences below the heading (default: none).
    """

    name: str
    panels: Sequence[Panel]
    lines: Sequence[str] = field(default_factory=list)


@dataclass(frozen=True)
class PartsClouds:
    """Clouds with panels; all panels of a cloud show it from one direction, also when one of them is turned.

    Args:
        clouds: the clouds.
        names: the names of the parts, by label.
        up_axis: the up axis, 0 to 2.
    """

    clouds: Sequence[PartsCloud]
    names: Names
    up_axis: int

    @property
    def rows(self) -> Sequence[int]:
        return ()

    @property
    def data(self) -> Mapping[str, Any]:
        shown = [[panel.thinned(MAX_POINTS) for panel in cloud.panels] for cloud in self.clouds]
        labels = sorted({int(label) for panels in shown for panel in panels for label in np.unique(panel.labels)})
        number = {label: place for place, label in enumerate(labels)}
        points = pack_clouds([panels[0].pos for panels in shown], self.up_axis, WORD)
        colored = [[pack(_numbers(panel.labels, number)) for panel in panels] for panels in shown]
        return {
            "parts": {
                **points,
                "labels": colored,
                "colors": [SPECIAL_NAMES.get(label) or hex_of(label) for label in labels],
            }
        }

    def html(self) -> str:
        return "".join(self._cloud(number, cloud) for number, cloud in enumerate(self.clouds))

    def _cloud(self, number: int, cloud: PartsCloud) -> str:
        panels = "".join(
            f'<figure><figcaption>{escape(panel.title)}</figcaption><canvas class="part" data-cloud="{number}" '
            f'data-panel="{place}" tabindex="0" role="img" aria-label="{escape(cloud.name)}, {escape(panel.title)}; '
            'arrow keys turn it"></canvas></figure>'
            for place, panel in enumerate(cloud.panels)
        )
        parts = legend(cloud.panels, self.names)
        keys = "".join(
            f'<li><i style="background:{_color(label)}"></i>{escape(name)}</li>' for label, name in parts.items()
        )
        return (
            f'<h3>{escape(cloud.name)}</h3>{paragraphs(cloud.lines)}<div class="panels">{panels}</div>'
            f'<ul class="keys">{keys}</ul>'
        )


def _color(label: int) -> str:
    """Returns the colour of a label in a style; that of errors and of correct points differs between light and dark."""
    return f"var(--{SPECIAL_NAMES[label]})" if label in SPECIAL_NAMES else hex_of(label)


def _numbers(labels: np.ndarray, number: Mapping[int, int]) -> np.ndarray:
    known, places = np.unique(labels, return_inverse=True)
    return np.array([number[int(label)] for label in known])[places]
