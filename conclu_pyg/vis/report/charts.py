"""Line charts as SVG, in the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conclu_pyg.vis.report.blocks import StaticBlock
from conclu_pyg.vis.report.text import escape

WIDTH, HEIGHT = 300, 170  # units of a chart
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 22  # margins
NUM_COLORS = 8  # of the page's style; further lines are dashed
MAX_POINTS = 400  # of a line
LARGEST = 1e300  # of a value in a drawing, so that the width of an axis is finite


@dataclass(frozen=True)
class Line:
    """A line of a chart; points with a coordinate that is not finite are gaps.

    Args:
        name: its name in the legend.
        x, y: the points.
        color: the number of its colour (default: 0).
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    color: int = 0


@dataclass(frozen=True)
class Chart:
    """A chart of lines over epochs.

    Args:
        title: the heading.
        lines: the lines.
        least, most: a bound that is drawn as a dashed line (default: none).
    """

    title: str
    lines: Sequence[Line]
    least: float | None = None
    most: float | None = None

    def html(self) -> str:
        parts = [self._summary(line) for line in self.lines]
        title = escape(self.title)
        label = f"{title}: {escape('; '.join(parts))}"
        caption = escape(parts[0]) if len(parts) == 1 else ""
        return (
            f'<figure><figcaption><strong>{title}</strong> <span>{caption}</span></figcaption><svg role="img" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" aria-label="{label}">{self._drawing()}</svg></figure>'
        )

    def _summary(self, line: Line) -> str:
        known = [value for value in line.y if math.isfinite(value)]
        name = f"{line.name}: " if len(self.lines) > 1 else ""
        if not known:
            return f"{name}no values"
        return f"{name}{known[0]:.4g} to {known[-1]:.4g}" if len(known) > 1 else f"{name}{known[0]:.4g}"

    def _drawing(self) -> str:
        bounds = [bound for bound in (self.least, self.most) if bound is not None]
        x = [value for line in self.lines for value in line.x if math.isfinite(value)]
        y = [value for line in self.lines for value in line.y if math.isfinite(value)] + bounds
        if not x or not y:
            return ""
        across, up = _Axis(x, LEFT, WIDTH - RIGHT), _Axis(y, HEIGHT - BOTTOM, TOP)
        drawn = []
        for value in up.ticks:
            place = up.place(value)
            drawn.append(f'<path class="grid" d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}"/>')
            drawn.append(f'<text x="{LEFT - 5}" y="{place + 3.5:.1f}" text-anchor="end">{value:.4g}</text>')
        for value in across.ticks:
            if value == round(value):  # epochs are whole
                place = across.place(value)
                drawn.append(f'<text x="{place:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{value:.0f}</text>')
        for bound in bounds:
            drawn.append(f'<path class="bound" d="M{LEFT} {up.place(bound):.1f}H{WIDTH - RIGHT}"/>')
        drawn += [self._line(line, across, up) for line in self.lines]
        return "".join(drawn)

    @staticmethod
    def _line(line: Line, across: _Axis, up: _Axis) -> str:
        step = max(1, math.ceil(len(line.x) / MAX_POINTS))
        path, pen = [], "M"
        for x, y in [*zip(line.x, line.y, strict=True)][::step]:
            is_known = math.isfinite(x) and math.isfinite(y)
            if is_known:
                path.append(f"{pen}{across.place(x):.1f} {up.place(y):.1f}")
            pen = "L" if is_known else "M"
        kind = f"line c{line.color % NUM_COLORS}" + (" dashed" if line.color >= NUM_COLORS else "")
        end = "h0" if len(path) == 1 else ""  # a single point is a dot
        return f'<path class="{kind}" d="{"".join(path)}{end}"/>'


@dataclass(frozen=True)
class Charts(StaticBlock):
    """Charts side by side, with a legend if they have several lines."""

    charts: Sequence[Chart]

    def html(self) -> str:
        several = [chart for chart in self.charts if len(chart.lines) > 1]
        names = {line.name: line.color for chart in several for line in chart.lines}
        keys = (
            f'<li><svg viewBox="0 0 24 8" aria-hidden="true"><path class="line c{color % NUM_COLORS}'
            f'{" dashed" if color >= NUM_COLORS else ""}" d="M1 4H23"/></svg>{escape(name)}</li>'
            for name, color in names.items()
        )
        legend = f'<ul class="keys">{"".join(keys)}</ul>' if names else ""
        return f'{legend}<div class="charts">{"".join(chart.html() for chart in self.charts)}</div>'


class _Axis:
    """Maps values to places in a chart, and chooses the values that are labelled."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = _clamp(min(values)), _clamp(max(values))
        margin = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
        self.low, self.high, self.start, self.end = low - margin, high + margin, start, end
        rough = (self.high - self.low) / 4
        unit = 10 ** math.floor(math.log10(rough))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
        first = math.ceil(self.low / step) * step
        self.ticks = [float(f"{value:.12g}") for value in np.arange(first, self.high, step)]

    def place(self, value: float) -> float:
        return self.start + (_clamp(value) - self.low) / (self.high - self.low) * (self.end - self.start)


def _clamp(value: float) -> float:
    return max(-LARGEST, min(value, LARGEST))
