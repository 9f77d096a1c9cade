"""Records as a table with one row for each record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from conclu_pyg.runs.provenance import CloudSet
from conclu_pyg.runs.records import Record
from conclu_pyg.runs.render import render_datasets

# Records that are equal in these columns are repetitions with other seeds. The page is sorted by them in this order.
EXPERIMENT = [
    *("task", "metric", "dataset", "encoder", "label_unit", "label_number", "method", "losses", "fingerprint"),
    *("pretrained_on", "epochs", "num_points", "protocol"),
]


def make_table(records: Sequence[Record]) -> pd.DataFrame:
    """Returns a table with the columns of :data:`EXPERIMENT`, ``seed``, ``value`` and ``record``. If a training was
    measured several times, the last record counts."""
    table = pd.DataFrame([_row(record) for record in records])
    return table.drop_duplicates([*EXPERIMENT, "seed", "training"], keep="last")


def format_losses(losses: Sequence[str]) -> str:
    """Returns the loss terms by which the paper distinguishes its results, such as ``contrast + cluster``."""
    return " + ".join(name for name in losses if name != "orthogonality")


def _row(record: Record) -> dict[str, object]:
    protocol = record.protocol
    trained = bool(record.pretrained_on)
    unit, number = ("", 0.0) if protocol.episodes is not None else _labels(protocol.train)
    return {
        "task": record.task,
        "metric": record.metric,
        "dataset": record.dataset,
        "encoder": record.encoder,
        "label_unit": unit,
        "label_number": number,
        "method": record.method if trained else "",
        "losses": format_losses(record.losses) if trained else "",
        "fingerprint": record.fingerprint,
        "pretrained_on": render_datasets(record.pretrained_on),
        "epochs": record.epochs,
        "num_points": protocol.num_points,
        "protocol": json.dumps(asdict(protocol), sort_keys=True),
        "seed": record.seed,
        "training": record.training.command if record.training else "",
        "value": record.value,
        "record": record,
    }


def _labels(clouds: CloudSet) -> tuple[str, float]:
    return ("fraction", clouds.fraction) if clouds.per_class is None else ("per_class", float(clouds.per_class))
