"""Accuracy and intersection over union over the number of labels, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from conclu_pyg.engine.files import atomic_write
from conclu_pyg.evaluation.label_curves import UNITS, LabelCurve

STYLES = {True: ("tab:blue", "-", "o"), False: ("tab:gray", "--", "s")}  # by whether the encoder was pre-trained


def plot_label_efficiency(curves: Sequence[LabelCurve], path: Path) -> None:
    """Draws a panel for each data set, metric and encoder, and in it the mean over seeds of each start, with the seeds'
    standard deviation as a bar and each of them as a dot.

    Args:
        curves: at least one.
        path: the PNG file to write.
    """
    panels = list(dict.fromkeys(curve[:4] for curve in curves))
    figure = Figure(figsize=(4.2 * len(panels), 3.4), layout="constrained")
    for axis, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        dataset, metric, unit, encoder = panel
        places = sorted({number for curve in curves if curve[:4] == panel for number in curve.labels})
        for curve in (curve for curve in curves if curve[:4] == panel):
            color, line, marker = STYLES[curve.start != "random"]
            name = f"pre-trained on {curve.start}" if curve.start != "random" else "random weights"
            means = [np.mean(values) for values in curve.values]
            spread = [np.std(values, ddof=1) if len(values) > 1 else 0.0 for values in curve.values]
            style = {"color": color, "linestyle": line, "marker": marker, "markersize": 5, "capsize": 3}
            axis.errorbar(curve.labels, means, yerr=spread, label=name, **style)
            for number, values in zip(curve.labels, curve.values, strict=True):
                axis.plot([number] * len(values), values, ".", color=color, alpha=0.4, markersize=5)
        axis.set_xscale("log")
        axis.set_xticks(places, [f"{100 * place:g}" if unit == "fraction" else f"{place:g}" for place in places])
        axis.minorticks_off()
        axis.set_title(f"{dataset}, {encoder}", fontsize=10)
        axis.set_xlabel(UNITS[unit], fontsize=8)
        axis.set_ylabel(f"{metric}, percent", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, loc="lower right")
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=110)
