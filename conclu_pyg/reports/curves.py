"""Curves of a training as charts."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from conclu_pyg.errors import DataError
from conclu_pyg.loggers.csv_file import CSV_NAME, read_metrics
from conclu_pyg.methods.diagnostics import judge
from conclu_pyg.reports.health import health_table
from conclu_pyg.vis.report.charts import Chart, Charts, Line
from conclu_pyg.vis.report.page import Section

MAX_BYTES = 1 << 26  # of a table of metrics
MAX_EPOCH = 10**9
UNITS = ("epoch", "step")  # columns that count
LAST = ("lr", "seconds", "clouds_per_second", "data_wait")  # columns that are shown after all others
GROUPS = {"train": "training"}

Metrics = Mapping[str, Sequence[float]]


def metrics_of(folder: Path) -> dict[str, list[float]]:
    """Returns the columns of a run's ``metrics.csv``; none if there is no such file.

    Raises:
        DataError: it is damaged or too large, or an epoch is missing or is no whole number.
    """
    path = folder / CSV_NAME
    try:
        if path.exists() and path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} has more than the maximum of {MAX_BYTES:,} bytes.", file=path)
        metrics = read_metrics(folder)
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise DataError(f"{path} is no table of numbers ({type(error).__name__}); restore it.", file=path) from error
    if metrics and "epoch" not in metrics:
        raise DataError(f"{path}: expected a column epoch, got {', '.join(metrics)}.", file=path)
    for epoch in metrics.get("epoch", ()):
        if not (0 <= epoch <= MAX_EPOCH and epoch == round(epoch)):  # NaN is in no range
            expected = f"expected whole epochs from 0 to {MAX_EPOCH:,}"
            raise DataError(f"{path}: {expected}, got {epoch:g}; restore the file.", file=path, got=epoch)
    return metrics


def curves_section(metrics: Metrics) -> Section | None:
    """Returns a chart of each loss and metric but those of :func:`health_section`; ``None`` without epochs."""
    judged = {each.name for each in judge(_last(metrics), 2)}
    names = sorted((name for name in metrics if name not in {*UNITS, *judged}), key=lambda name: name in LAST)
    if not names or not metrics["epoch"]:
        return None
    charts = [Chart(title_of(name), [Line(name, metrics["epoch"], metrics[name])]) for name in names]
    return Section("Curves", [Charts(charts)], ["Each with its first and last value, over epochs."])


def title_of(name: str) -> str:
    """Returns the name of a metric for people."""
    group, slash, own = name.rpartition("/")
    return (f"{GROUPS.get(group, group)}: {own}" if slash else own).replace("_", " ")


def health_section(metrics: Metrics, num_clusters: int) -> Section | None:
    """Returns the statistics that show collapse, with their healthy ranges; ``None`` if the training measured none.

    Args:
        metrics: see :func:`metrics_of`.
        num_clusters: the number of prototypes; 0 for none.
    """
    found = judge(_last(metrics), num_clusters)
    if not found:
        return None
    charts = [
        Chart(title_of(each.name), [Line(each.name, metrics["epoch"], metrics[each.name])], each.least, each.most)
        for each in found
    ]
    lines = [
        "Values of the last epoch. The dashed line of a curve is the bound of the healthy range, by which the training "
        "warns too."
    ]
    return Section("Collapse", [health_table(found), Charts(charts)], lines)


def _last(metrics: Metrics) -> dict[str, float]:
    """Returns the metrics of the last epoch, those that are finite."""
    return {name: values[-1] for name, values in metrics.items() if values and math.isfinite(values[-1])}
