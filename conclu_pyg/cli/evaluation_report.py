"""Terminal output of an evaluation: values, tables, protocols, and the files of the run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from conclu_pyg.cli.terminal import console
from conclu_pyg.evaluation.evaluate import Evaluation
from conclu_pyg.evaluation.probe import ProbeSplits
from conclu_pyg.metrics import Scores
from conclu_pyg.runs.fingerprint import digest
from conclu_pyg.runs.records import Record
from conclu_pyg.runs.render import render_labels, render_protocol, render_start
from conclu_pyg.text import pluralize

PICTURES = ("clusters", "confusion", "robustness")


def show_values(records: Sequence[Record], title: str, splits: ProbeSplits) -> None:
    """Prints one line for each value of a probe."""
    unusual = [labels] if (labels := render_labels(splits.train_clouds)) else []
    unusual += ["validation"] if splits.one_pool else []
    title += f" ({', '.join(unusual)})" if unusual else ""
    for record in records:
        metric = "" if record.metric == "accuracy" else f", {record.metric},"
        spread = f" ± {record.details['deviation']:.1f}" if "deviation" in record.details else ""
        start = render_start(record)
        console.print(f"{title}{metric} on {record.dataset}, {record.encoder}, {start}: {record.value:.1f}{spread} %")


def show_scores(records: Sequence[Record], scores: Scores) -> None:
    """Prints the values of a supervised model, and those of each class as a table."""
    first = records[0]
    votes = f", {first.protocol.votes} votes" if first.protocol.votes > 1 else ""
    table = Table("class", *next(iter(scores.per_class.values())), title=f"in percent{votes}")
    for name, row in scores.per_class.items():
        table.add_row(name, *map(_cell, row.values()))
    console.print(table)
    values = ", ".join(f"{name} {value:.1f} %" for name, value in scores.values.items())
    task = first.task.replace("_", " ")
    console.print(f"{task}{votes} on {first.dataset}, {first.encoder}, {render_start(first)}: {values}")


def show_records(records: Sequence[Record]) -> None:
    """Prints the accuracy of each class of a probe, the values of corrupted clouds, the protocols and the notes."""
    classed = [record for record in records if "per_class" in record.details and not record.protocol.model]
    if classed:
        console.print(_class_table(classed))
    corrupted = [record for record in records if record.protocol.corruptions]
    if corrupted:
        console.print(_corruption_table(corrupted))
        if "mIoU" in corrupted[0].details["measure"]:
            console.print(
                "note: a part that is missing from a corrupted cloud and not predicted counts 1: mIoU may rise"
            )
    for protocol in dict.fromkeys(render_protocol(record.protocol) for record in records):
        console.print(f"protocol: {protocol}")
    for record in records:
        for note in record.details.get("notes", []):
            console.print(f"note on the {_kind(record)} encoder: {note}")


def show_clusters(log_gamma: np.ndarray) -> None:
    """Prints how many prototypes have clouds assigned; if few do, the clusters have collapsed.

    Shapes:
        - **log_gamma:** ``[n, J]``
    """
    used = len(np.unique(log_gamma.argmax(axis=1)))
    console.print(f"prototypes: {used} of {log_gamma.shape[1]} have clouds, of {pluralize(len(log_gamma), 'cloud')}")


def show_files(**files: Path) -> None:
    """Prints the path of each of the files that exist."""
    for name, path in files.items():
        if path.exists():
            console.print(f"{name}: {path}")


def picture_name(kind: str, evaluation: Evaluation) -> str:
    """Returns ``clusters.png`` for the test split of the run's own data set, and a name of its own for each other
    picture, such as ``clusters_ModelNet10_5c3c9a.png`` or ``clusters_validation.png``."""
    run, data = evaluation.run, evaluation.run.config["dataset"]
    parts = [kind]
    if data != run.checkpoint.config["dataset"]:
        parts += [run.dataset.name, digest(data)]
    if evaluation.splits is not None and evaluation.splits.one_pool:
        parts.append("validation")
    return "_".join(parts) + ".png"


def _kind(record: Record) -> str:
    """Returns the head of a record's column: random or pre-trained, and whether the model was trained with labels."""
    kind = "random" if record.initialisation == "random" else "pre-trained"
    return f"trained from {kind}" if record.protocol.model else kind


def _cell(value: float) -> str:
    """Returns a percentage with one decimal, or a count without."""
    return "-" if math.isnan(value) else f"{value:,}" if isinstance(value, int) else f"{value:.1f}"


def _class_table(records: Sequence[Record]) -> Table:
    table = Table(title="accuracy in percent")
    table.add_column("class")
    for record in records:
        table.add_column(_kind(record), justify="right")
    for name in records[0].details["per_class"]:
        values = [record.details["per_class"][name] for record in records]
        table.add_row(name, *("-" if value is None else f"{value:.1f}" for value in values))
    table.add_section()
    table.add_row("all clouds", *(f"{record.value:.1f}" for record in records), style="bold")
    return table


def _corruption_table(records: Sequence[Record]) -> Table:
    table = Table(title=f"{records[0].details['measure']} in percent")
    table.add_column("corruption")
    table.add_column("severity", justify="right")
    for record in records:
        table.add_column(_kind(record), justify="right")
    table.add_row("clean", "", *(f"{record.details['clean']:.1f}" for record in records))
    for number, corruption in enumerate(records[0].details["corruptions"]):
        table.add_section()
        for place, severity in enumerate(corruption["severities"]):
            name = f"{corruption['name']} ({corruption['unit']})" if place == 0 else ""
            values = (record.details["corruptions"][number]["values"][place] for record in records)
            table.add_row(name, f"{severity:g}", *(f"{value:.1f}" for value in values))
    table.add_section()
    table.add_row("mean under corruptions", "", *(f"{record.value:.1f}" for record in records), style="bold")
    return table
