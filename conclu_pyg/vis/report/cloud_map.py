"""A map of clouds: a dot for each, in the colours of what is known about it, with its nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conclu_pyg.errors import ArgumentError
from conclu_pyg.text import printable
from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.heat import BOUNDS, heat_level, hex_colors
from conclu_pyg.vis.report.packing import pack, quantise
from conclu_pyg.vis.report.text import escape

NONE = 0xFFFF  # the value of clouds that have none, and the neighbour where there are no more
MAX_CLOUDS = 20_000  # whose numbers are 16 bits, below NONE
MAX_NAMES = 256  # of a colouring; more are one value


@dataclass(frozen=True)
class Layout:
    """Places of clouds in a plane.

    Args:
        name: such as ``PCA``.
        xy: the places.
        note: a sentence about the layout.

    Shapes:
        - **xy:** ``[n, 2]``
    """

    name: str
    xy: np.ndarray
    note: str


@dataclass(frozen=True)
class Colouring:
    """A value of each cloud, shown as the colour of its dot.

    Args:
        name: the kind of value, such as ``class``.
        values: the number of each cloud's value; -1 for none.
        names: the name of each value.
        colors: the colour of each value, such as ``#1f77b4``.

    Shapes:
        - **values:** int ``[n]``
    """

    name: str
    values: np.ndarray
    names: Sequence[str]
    colors: Sequence[str]

    @classmethod
    def of_labels(cls, name: str, labels: Sequence[str]) -> Colouring:
        """Returns the colouring by labels, the most frequent first; an empty label is none. From the 256th on, they
        share a colour."""
        found, counts = np.unique([label for label in labels if label], return_counts=True)
        names = [str(found[place]) for place in np.argsort(-counts, kind="stable")]
        if len(names) > MAX_NAMES:
            names = [*names[: MAX_NAMES - 1], f"{len(names) - MAX_NAMES + 1:,} others"]
        number = {label: place for place, label in enumerate(names)}
        values = np.array([number.get(label, len(names) - 1) if label else -1 for label in labels], np.int64)
        return cls(name, values, names, [hex_of(place) for place in range(len(names))])

    @classmethod
    def of_scores(cls, name: str, scores: np.ndarray) -> Colouring:
        """Returns the colouring by a score, where 1 is the threshold of unusual clouds.

        Shapes:
            - **scores:** ``[n]``
        """
        bounds = [f"{bound:g}" for bound in BOUNDS]
        names = [f"up to {bounds[0]}", *map("{} to {}".format, bounds, bounds[1:]), f"above {bounds[-1]}"]
        return cls(name, heat_level(scores), names, hex_colors())


@dataclass(frozen=True)
class CloudMap:
    """A map of clouds.

    Args:
        layouts: at least one.
        colourings: at least one.
        neighbours: the nearest neighbours of each cloud, the nearest first.
        similarity: of each neighbour, from -1 to 1.

    Shapes:
        - **neighbours:** int ``[n, k]``, **similarity:** ``[n, k]``, with n at most 20,000

    Raises:
        ArgumentError: there are more than 20,000 clouds.
    """

    layouts: Sequence[Layout]
    colourings: Sequence[Colouring]
    neighbours: np.ndarray
    similarity: np.ndarray

    def __post_init__(self) -> None:
        check_number(len(self.neighbours))

    @property
    def rows(self) -> Sequence[int]:
        return ()

    @property
    def data(self) -> Mapping[str, Any]:
        layouts = [{"name": each.name, "note": each.note, "xy": pack(_to_square(each.xy))} for each in self.layouts]
        colourings = [
            {
                "name": each.name,
                "values": pack(np.where(each.values < 0, NONE, each.values)),
                "names": [printable(name) for name in each.names],
                "colors": list(each.colors),
            }
            for each in self.colourings
        ]
        similarity = pack(quantise(self.similarity, -1, 1))
        near = {"count": self.neighbours.shape[1], "rows": pack(self.neighbours), "similarity": similarity}
        return {"map": {"layouts": layouts, "colourings": colourings, "near": near}}

    def html(self) -> str:
        layouts = _options("layout", "map", [each.name for each in self.layouts])
        colours = _options("colouring", "colour by", [each.name for each in self.colourings])
        clouds = len(self.neighbours)
        return f"""<div class="controls">{layouts}{colours}
<label>find <input id="find" type="search" autocomplete="off" placeholder="part of a name"></label>
<span class="zoom"><button type="button" id="nearer" aria-label="zoom in">+</button>
<button type="button" id="farther" aria-label="zoom out">−</button>
<button type="button" id="whole">whole map</button></span></div>
<div class="map"><div class="plane"><canvas id="map" tabindex="0" role="application"
 aria-label="map of {clouds:,} clouds: arrow keys move to the next dot, Enter shows its nearest neighbours, plus and
 minus zoom"></canvas>
<div id="tip" hidden><canvas class="picture" aria-hidden="true"></canvas><strong></strong><span></span></div>
<p id="layout-note"></p><p id="spoken" role="status" class="spoken"></p>
<ul id="legend" class="keys"></ul></div><div id="chosen" class="viewer"></div></div>"""


def check_number(clouds: int) -> None:
    """Checks a number of clouds of a map.

    Raises:
        ArgumentError: it is not from 1 to 20,000.
    """
    if not 1 <= clouds <= MAX_CLOUDS:
        raise ArgumentError(
            f"expected 1 to {MAX_CLOUDS:,} clouds, got {clouds:,}; show fewer of them.", argument="clouds", got=clouds
        )


def _options(name: str, label: str, values: Sequence[str]) -> str:
    options = "".join(f'<option value="{place}">{escape(value)}</option>' for place, value in enumerate(values))
    return f'<label>{label} <select id="{name}">{options}</select></label>'


def _to_square(xy: np.ndarray) -> np.ndarray:
    """Returns places in a square, with one scale for both axes, as whole numbers.

    Shapes:
        - **xy, output:** ``[n, 2]``
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    half = max(float((high - low).max()) / 2, np.finfo(np.float64).tiny)
    return quantise((xy - (low + high) / 2) / half, -1, 1)
