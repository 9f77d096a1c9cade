"""Records of results as tables, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import binomtest

from conclu_pyg.runs.records import Record
from conclu_pyg.runs.render import render_protocol, render_start
from conclu_pyg.vis.report.blocks import Listing, Table
from conclu_pyg.vis.report.page import Section

OF_POINTS = ("part_segmentation",)  # tasks whose accuracy is over points, which are no independent trials
LEVEL = 0.95
MAX_RECORDS = 200


def results_section(records: Sequence[Record]) -> Section:
    """Returns the records of a run, with the protocol of each."""
    shown = records[-MAX_RECORDS:]
    protocols = list(dict.fromkeys(render_protocol(record.protocol) for record in shown))
    rows = [
        [
            *(record.task, record.metric, record.dataset, render_start(record)),
            *(f"{record.value:.1f}", interval(record), record.seed, record.epochs),
            protocols.index(render_protocol(record.protocol)) + 1,
        ]
        for record in shown
    ]
    header = ["task", "metric", "data set", "encoder", "percent", "interval", "seed", "epochs", "protocol"]
    lines = [
        "Intervals are 95 % intervals of a share of independent clouds (Wilson), or ± the standard deviation of the "
        "draws. They do not contain the variation between seeds."
    ]
    lines += [f"The last {MAX_RECORDS} of {len(records):,} records are shown."] if len(shown) < len(records) else []
    notes = list(dict.fromkeys(str(note) for record in shown for note in record.details.get("notes") or ()))
    listed = [f"protocol {number}: {protocol}" for number, protocol in enumerate(protocols, 1)]
    return Section("Results", [Table(header, rows, "records of evaluations"), Listing([*listed, *notes])], lines)


def interval(record: Record) -> str:
    """Returns the interval of a value, such as ``86.1 to 88.3``; empty if the record does not tell it."""
    protocol = record.protocol
    deviation = record.details.get("deviation")
    if isinstance(deviation, int | float):
        return f"± {deviation:.1f}"
    clouds = protocol.test.num_clouds
    is_share = record.metric == "accuracy" and record.task not in OF_POINTS and 0 <= record.value <= 100
    if not is_share or protocol.corruptions or protocol.episodes is not None or clouds < 1:
        return ""
    found = binomtest(round(record.value / 100 * clouds), clouds).proportion_ci(LEVEL, "wilson")
    return f"{100 * found.low:.1f} to {100 * found.high:.1f}"
