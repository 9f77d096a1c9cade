"""The curves of a run as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from conclu_pyg.vis.figures import save_figure

NOT_PLOTTED = ("epoch", "step", "seconds", "clouds_per_second", "lr")


def plot_curves(metrics: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draws every loss term and every statistic over the epochs, a panel each.

    Args:
        metrics: columns of equal length, ``epoch`` among them.
        path: the PNG file to write.
    """
    names = [name for name in metrics if name not in NOT_PLOTTED]
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.5 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        axis.plot(metrics["epoch"], metrics[name], marker="." if len(metrics["epoch"]) < 30 else None)
        axis.set_title(name.replace("_", " ").replace("loss/", "loss: "), fontsize=10)
        axis.set_xlabel("epoch", fontsize=8)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    save_figure(figure, path)
