"""Metrics over the number of labels: curves from records, and their plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from conclu_pyg.errors import ConcluError
from conclu_pyg.runs.render import RANDOM
from conclu_pyg.vis.figures import save_figure

UNITS = {"fraction": "labelled training clouds, percent", "per_class": "labelled training clouds of each class"}
PANEL = ["dataset", "task", "metric", "label_unit", "encoder"]


class LabelCurve(NamedTuple):
    """A metric over the number of labels.

    Attributes:
        panel: values of the columns :data:`PANEL`.
        start: ``random weights``, or the pre-training, such as ``ConClu on ModelNet40``.
        labels: ascending numbers of labels: a fraction, or clouds of each class.
        values: in percent: for each number of labels one for each seed.
    """

    panel: tuple[str, ...]
    start: str
    labels: list[float]
    values: list[list[float]]


def label_curves(table: pd.DataFrame) -> list[LabelCurve]:
    """Returns the curves of main metrics that were measured with at least two numbers of labels, on the test split
    without votes.

    Args:
        table: see :func:`reports.table.make_table`.

    Raises:
        ConcluError: two fingerprints or protocols with the same number of labels, whose mean would be meaningless.
    """
    table = table[table["record"].map(_is_main).astype(bool) & (table["label_unit"] != "")]
    starts = [
        RANDOM if start == RANDOM else f"{m} on {start}"
        for m, start in zip(table.method, table.pretrained_on, strict=True)
    ]
    return [
        LabelCurve(
            key[:-1],
            key[-1],
            [float(number) for number, _ in curve.groupby("label_number")],
            [_values(rows) for _, rows in curve.groupby("label_number")],
        )
        for key, curve in table.assign(start=starts).groupby([*PANEL, "start"])
        if curve["label_number"].nunique() > 1
    ]


def _is_main(record: Any) -> bool:
    return "per_class" in record.details and record.protocol.votes == 1 and record.protocol.test.split == "test"


def _values(rows: pd.DataFrame) -> list[float]:
    for column in ("fingerprint", "protocol"):
        if rows[column].nunique() > 1:
            first = rows.iloc[0]
            raise ConcluError(
                f"{first.encoder} on {first.dataset} from {first.start}: expected one {column} for the same labels "
                f"({first.label_number:g}), got {' and '.join(rows[column].unique())}; use separate files of records."
            )
    return rows.drop_duplicates("seed", keep="last").sort_values("seed")["value"].tolist()


def plot_label_curves(curves: list[LabelCurve], path: Path) -> None:
    """Draws a panel for each data set, task, metric and encoder: the mean over seeds of each start, with their standard
    deviation as a bar and each seed as a dot.

    Args:
        curves: at least one.
        path: the PNG file to write.
    """
    panels = list(dict.fromkeys(curve.panel for curve in curves))
    figure = Figure(figsize=(4.2 * len(panels), 3.4), layout="constrained")
    for axis, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        dataset, _, metric, unit, encoder = panel
        shown = [curve for curve in curves if curve.panel == panel]
        for number, curve in enumerate(shown):
            random = curve.start == RANDOM
            color = "tab:gray" if random else f"C{number}"
            style = {"color": color, "linestyle": "--" if random else "-", "marker": "s" if random else "o"}
            means = [np.mean(values) for values in curve.values]
            spread = [np.std(values, ddof=1) if len(values) > 1 else 0.0 for values in curve.values]
            label = curve.start if random else f"pre-trained: {curve.start}"
            axis.errorbar(curve.labels, means, yerr=spread, label=label, markersize=5, capsize=3, **style)
            for place, values in zip(curve.labels, curve.values, strict=True):
                axis.plot([place] * len(values), values, ".", color=color, alpha=0.4, markersize=5)
        places = sorted({number for curve in shown for number in curve.labels})
        axis.set_xscale("log")
        axis.set_xticks(places, [f"{100 * place:g}" if unit == "fraction" else f"{place:g}" for place in places])
        axis.minorticks_off()
        axis.set_title(f"{dataset}, {encoder}", fontsize=10)
        axis.set_xlabel(UNITS[unit], fontsize=8)
        axis.set_ylabel(f"{metric}, percent", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, loc="lower right")
    save_figure(figure, path)
