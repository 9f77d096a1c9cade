"""Plots of a metric over the severity of corruptions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conclu_pyg.runs.records import Record
from conclu_pyg.runs.render import render_start
from conclu_pyg.vis.figures import make_figure, save_figure

STYLES = {True: ("tab:blue", "-", "o"), False: ("tab:gray", "--", "s")}  # pre-trained, random


def plot_robustness(records: Sequence[Record], path: Path) -> None:
    """Draws a panel for each corruption, with a curve for each record that starts at the clean value.

    Args:
        records: one for each encoder or model, with the same ``measure`` and ``corruptions`` in their details.
        path: the PNG file to write.
    """
    corruptions = records[0].details["corruptions"]
    columns = min(3, len(corruptions))
    rows = -(-len(corruptions) // columns)
    figure = make_figure(figsize=(3.4 * columns, 2.7 * rows + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for number, (axis, corruption) in enumerate(zip(axes, corruptions, strict=False)):
        for record in records:
            color, line, marker = STYLES[record.initialisation != "random"]
            axis.plot(
                [corruption["identity"], *corruption["severities"]],
                [record.details["clean"], *record.details["corruptions"][number]["values"]],
                color=color,
                linestyle=line,
                marker=marker,
                markersize=4,
                label=_label(record),
            )
        axis.set_title(corruption["name"], fontsize=10)
        axis.set_xlabel(corruption["unit"], fontsize=8)
        axis.set_ylim(0, 100)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
    for axis in axes[::columns]:
        axis.set_ylabel(f"{records[0].details['measure']} in percent", fontsize=8)
    for axis in axes[len(corruptions) :]:
        axis.set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(records), fontsize=8)
    save_figure(figure, path)


def _label(record: Record) -> str:
    start = render_start(record)
    return f"trained with labels, from {start}" if record.protocol.model else start
