"""Plots of the training curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from conclu_pyg.vis.figures import make_figure, save_figure

NOT_PLOTTED = ("epoch", "step", "seconds", "clouds_per_second", "data_wait", "lr")


def plot_curves(metrics: Mapping[str, Sequence[float]], path: Path) -> None:
    """Plots every loss and every metric over the epochs, each in its own panel.

    Args:
        metrics: columns of equal length, including ``epoch``.
        path: the PNG file to write.
    """
    names = [name for name in metrics if name not in NOT_PLOTTED]
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = make_figure(figsize=(3.2 * columns, 2.5 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        axis.plot(metrics["epoch"], metrics[name], marker="." if len(metrics["epoch"]) < 30 else None)
        axis.set_title(name.replace("_", " ").replace("loss/", "loss: "), fontsize=10)
        axis.set_xlabel("epoch", fontsize=8)
        axis.locator_params(axis="x", integer=True)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    save_figure(figure, path)
