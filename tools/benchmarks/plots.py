"""Plots of a report: bars of the ratios, and scaling on logarithmic axes."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.report import Line, Report, Row
from conclu_pyg.files import atomic_write


def plot_report(report: Report, folder: Path) -> list[Path]:
    """Plot the ratios and the scaling, as far as the report has them, and return the files."""
    figures: dict[str, Figure] = {}
    if compared := [row for row in report.rows if row.ratios[0] is not None]:
        figures["ratios.png"] = ratio_bars(compared)
    if report.lines:
        figures["scaling.png"] = scaling_lines(report.lines)
    for name, figure in figures.items():
        with atomic_write(folder / name) as file:
            figure.savefig(file, format="png", dpi=110)
    return [folder / name for name in figures]


def ratio_bars(rows: Sequence[Row]) -> Figure:
    """Plot the ratios of time and of memory of each row, with a panel for each case."""
    cases = {case: [row for row in rows if row.case == case] for case in dict.fromkeys(row.case for row in rows)}
    heights = [len(group) + 1.2 for group in cases.values()]
    figure = Figure(figsize=(11, 0.42 * sum(heights) + 0.6), layout="constrained")
    panels = figure.subplots(len(cases), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (case, group) in zip(panels, cases.items(), strict=True):
        for number, label in enumerate(("time", "peak memory")):
            ratios = [row.ratios[number] for row in group]
            places = [place + 0.4 * number - 0.2 for place in range(len(group))]
            bars = axes.barh(places, [ratio or math.nan for ratio in ratios], 0.38, label=label)
            axes.bar_label(bars, [f"{ratio:.1f}" if ratio else "" for ratio in ratios], fontsize=7, padding=2)
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set_yticks(
            range(len(group)), [row.setting.replace(", against", ",\nagainst") for row in group], fontsize=6
        )
        axes.set_xscale("log")
        axes.set_title(case, fontsize=10, loc="left")
        axes.invert_yaxis()
        axes.margins(x=0.1)
        axes.grid(axis="x", alpha=0.3)
    panels[0].legend(fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    panels[-1].set_xlabel("reference / ours (logarithmic)")
    return figure


def scaling_lines(lines: Sequence[Line]) -> Figure:
    """Plot time above peak memory, with a column for each size that varies."""
    variables = list(dict.fromkeys(line.variable for line in lines))
    figure = Figure(figsize=(4.6 * len(variables), 7), layout="constrained")
    panels = figure.subplots(2, len(variables), squeeze=False, sharex="col", sharey="row")
    for column, variable in zip(panels.T, variables, strict=True):
        chosen = [line for line in lines if line.variable == variable]
        ticks = sorted({value for line in chosen for value in line.values})
        for axes, quantity in zip(column, ("seconds", "peak memory (MB)"), strict=True):
            for line in chosen:
                measured, exponent = line.seconds, line.time_exponent
                if quantity != "seconds":
                    measured, exponent = line.peak_mb, line.memory_exponent
                fitted = "" if exponent is None else f"  ~ {variable}^{exponent:.2f}"
                axes.plot(line.values, measured, marker="o", label=f"{line.series}{fitted}")
            axes.set(xscale="log", yscale="log", xlabel=variable, ylabel=quantity)
            axes.set_xticks(ticks, [f"{value:,}" for value in ticks], fontsize=8)
            axes.minorticks_off()
            axes.legend(fontsize=7)
            axes.grid(alpha=0.3)
    return figure
