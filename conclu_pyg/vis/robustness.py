"""Accuracy, or another measure, over the strength of changes as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from conclu_pyg.runs.records import TASKS, Record
from conclu_pyg.vis.figures import save_figure

STYLES = {True: ("tab:blue", "-", "o"), False: ("tab:gray", "--", "s")}  # by whether the encoder was pre-trained


def plot_robustness(records: Sequence[Record], path: Path) -> None:
    """Draws a panel for each change, and in it a curve for each encoder, from the clean value on.

    Args:
        records: one for each encoder, with the same ``measure`` and ``changes`` in their details.
        path: the PNG file to write.
    """
    changes = records[0].details["changes"]
    columns = min(3, len(changes))
    rows = -(-len(changes) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.7 * rows + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for number, (axis, change) in enumerate(zip(axes, changes, strict=False)):
        for record in records:
            pretrained = record.initialisation != "random"
            color, line, marker = STYLES[pretrained]
            name = f"pre-trained on {record.initialisation}" if pretrained else "random weights"
            name = f"trained on labels, from {name}" if record.task in TASKS else name
            of_record = record.details["changes"][number]
            axis.plot(
                [change["none"], *change["strengths"]],
                [record.details["clean"], *of_record["values"]],
                color=color,
                linestyle=line,
                marker=marker,
                markersize=4,
                label=name,
            )
        axis.set_title(change["name"], fontsize=10)
        axis.set_xlabel(change["unit"], fontsize=8)
        axis.set_ylim(0, 100)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
    for axis in axes[::columns]:
        axis.set_ylabel(f"{records[0].details['measure']} in percent", fontsize=8)
    for axis in axes[len(changes) :]:
        axis.set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(records), fontsize=8)
    save_figure(figure, path)
