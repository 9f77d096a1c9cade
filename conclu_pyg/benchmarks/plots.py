"""What was measured as pictures: bars of the ratios, and the scaling on logarithmic axes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from conclu_pyg.benchmarks.report import Line, Report, Row
from conclu_pyg.files import atomic_write

RATIOS_NAME, SCALING_NAME = "ratios.png", "scaling.png"
LEAST_RANGE = 10  # of a logarithmic axis: what hardly grows is to look so


def plot_report(report: Report, folder: Path) -> list[Path]:
    """Draws what the report has into a folder that exists; gives the files."""
    compared = [row for row in report.rows if row.ratio is not None and row.compares]
    written = []
    if compared:
        written.append(_save(ratio_bars(compared), folder / RATIOS_NAME))
    if report.lines:
        written.append(_save(scaling_lines(report.lines), folder / SCALING_NAME))
    return written


def ratio_bars(rows: Sequence[Row]) -> Figure:
    """How many times faster and smaller, a pair of bars for each row and a panel for each case."""
    cases: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        cases[row.case].append(row)
    heights = [len(group) + 1.2 for group in cases.values()]
    figure = Figure(figsize=(11, 0.42 * sum(heights) + 0.6), layout="constrained")
    panels = figure.subplots(len(cases), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (case, group) in zip(panels, cases.items(), strict=True):
        _bars(axis, group)
        axis.set_title(case, fontsize=10, loc="left")
    panels[0].legend(fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    panels[-1].set_xlabel("reference / ours (logarithmic)", fontsize=8)
    return figure


def _bars(axis: Axes, rows: Sequence[Row]) -> None:
    places = range(len(rows))
    bars = axis.barh([place - 0.2 for place in places], [row.ratio or 0 for row in rows], 0.38, label="time")
    axis.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
    sizes = [
        row.reference_peak_mb / row.ours_peak_mb if row.reference_peak_mb and row.ours_peak_mb else float("nan")
        for row in rows
    ]
    bars = axis.barh([place + 0.2 for place in places], sizes, 0.38, label="peak memory")
    axis.bar_label(bars, labels=["" if size != size else f"{size:.1f}" for size in sizes], fontsize=7, padding=2)
    axis.axvline(1, color="black", linewidth=0.8)
    axis.set_xscale("log")
    axis.set_yticks(places, [row.setting.replace(", against", ",\nagainst") for row in rows], fontsize=6)
    axis.invert_yaxis()
    axis.tick_params(axis="x", labelsize=8)
    axis.margins(x=0.1)
    axis.grid(axis="x", alpha=0.3)


def scaling_lines(lines: Sequence[Line]) -> Figure:
    """Time above and peak memory below, a column for each size that varies; both axes logarithmic."""
    variables = list(dict.fromkeys(line.variable for line in lines))
    figure = Figure(figsize=(4.6 * len(variables), 7), layout="constrained")
    panels = figure.subplots(2, len(variables), squeeze=False)
    for column, variable in enumerate(variables):
        time, memory = panels[:, column]
        for line in (line for line in lines if line.variable == variable):
            for axis, measured, exponent in (
                (time, line.seconds, line.time_exponent),
                (memory, line.peak_mb, line.memory_exponent),
            ):
                fitted = "" if exponent is None else f"  ~ {variable}^{exponent:.2f}"
                axis.plot(line.values, measured, marker="o", label=f"{line.series}{fitted}")
        for axis, what in ((time, "seconds"), (memory, "peak memory (MB)")):
            axis.set(xscale="log", yscale="log", xlabel=variable, ylabel=what)
            values = sorted({value for line in lines if line.variable == variable for value in line.values})
            axis.set_xticks(values, [f"{value:,}" for value in values], fontsize=8)
            axis.minorticks_off()
            low, high = axis.get_ylim()
            middle, half = math.sqrt(low * high), math.sqrt(max(high / low, LEAST_RANGE))
            axis.set_ylim(middle / half, middle * half)
            axis.legend(fontsize=7)
            axis.grid(alpha=0.3)
    return figure


def _save(figure: Figure, path: Path) -> Path:
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=110)
    return path
