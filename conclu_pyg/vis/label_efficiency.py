"""Accuracy and intersection over union over the number of labels, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from conclu_pyg.evaluation.label_curves import RANDOM, UNITS, LabelCurve
from conclu_pyg.vis.figures import save_figure


def plot_label_efficiency(curves: Sequence[LabelCurve], path: Path) -> None:
    """Draws a picture for each data set, task, metric and encoder, beside each other, and in it the mean over seeds of
    each start, with the seeds' standard deviation as a bar and each of them as a dot.

    Args:
        curves: at least one.
        path: the PNG file to write.
    """
    panels = list(dict.fromkeys(curve.panel for curve in curves))
    figure = Figure(figsize=(4.2 * len(panels), 3.4), layout="constrained")
    for axis, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        shown = [curve for curve in curves if curve.panel == panel]
        places = sorted({number for curve in shown for number in curve.labels})
        for number, curve in enumerate(shown):
            random = curve.start == RANDOM
            color = "tab:gray" if random else f"C{number}"
            style = {"color": color, "linestyle": "--" if random else "-", "marker": "s" if random else "o"}
            means = [np.mean(values) for values in curve.values]
            spread = [np.std(values, ddof=1) if len(values) > 1 else 0.0 for values in curve.values]
            name = curve.start if random else f"pre-trained: {curve.start}"
            axis.errorbar(curve.labels, means, yerr=spread, label=name, markersize=5, capsize=3, **style)
            for place, values in zip(curve.labels, curve.values, strict=True):
                axis.plot([place] * len(values), values, ".", color=color, alpha=0.4, markersize=5)
        axis.set_xscale("log")
        axis.set_xticks(places, [f"{100 * place:g}" if panel.unit == "fraction" else f"{place:g}" for place in places])
        axis.minorticks_off()
        axis.set_title(f"{panel.dataset}, {panel.encoder}", fontsize=10)
        axis.set_xlabel(UNITS[panel.unit], fontsize=8)
        axis.set_ylabel(f"{panel.metric}, percent", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, loc="lower right")
    save_figure(figure, path)
