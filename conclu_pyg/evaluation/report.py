"""What an evaluation prints: its records, and where the run's files are."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from conclu_pyg.cli.terminal import console
from conclu_pyg.runs.fingerprint import digest
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import TASKS, Record
from conclu_pyg.text import pluralize

logger = logging.getLogger(__name__)


def show_value(record: Record, title: str) -> None:
    """Prints one line: what was measured on what, and what it gave."""
    encoder = f"pre-trained on {record.initialisation}" if record.training else "randomly initialised"
    what = "" if record.metric == "accuracy" else f", {record.metric},"
    spread = f" ± {record.details['deviation']:.1f}" if "deviation" in record.details else ""
    logger.info(f"{title}{what} on {record.dataset}, {record.encoder} {encoder}: {record.value:.1f}{spread} %")


def show_records(records: Sequence[Record]) -> None:
    """Prints the accuracy of each class or under each change where the records have it, the protocols, and the notes
    beside them."""
    classed = [record for record in records if "per_class" in record.details]
    if classed:
        console.print(_class_table(classed))
    show_changes(records)
    for record in records:
        logger.info(f"protocol: {record.protocol}")
        for note in record.details.get("notes", []):
            logger.info(f"note on the {_kind(record)} encoder: {note}")


def show_changes(records: Sequence[Record]) -> None:
    """Prints what those of the records say that measured changed clouds, all of them the same measure."""
    changed = [record for record in records if "changes" in record.details]
    if changed:
        console.print(_change_table(changed))
        if "mIoU" in changed[0].details["measure"]:
            logger.info("note: a part that a changed cloud lacks counts 1 if it is not predicted: the mIoU may rise")


def show_clusters(log_gamma: np.ndarray) -> None:
    """Prints how many prototypes stand for clouds: where few do, the clusters have collapsed.

    Shapes:
        - **log_gamma:** ``[n, J]``
    """
    used = len(np.unique(log_gamma.argmax(axis=1)))
    logger.info(f"prototypes: {used} of {log_gamma.shape[1]} have clouds, of {pluralize(len(log_gamma), 'cloud')}")


def _kind(record: Record) -> str:
    """What was measured, in a word or three: an encoder, or a model that was trained on labels and how that began."""
    kind = "random" if record.initialisation == "random" else "pre-trained"
    return f"trained from {kind}" if record.task in TASKS else kind


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


def _change_table(records: Sequence[Record]) -> Table:
    table = Table(title=f"{records[0].details['measure']} in percent")
    table.add_column("the clouds are")
    table.add_column("strength", justify="right")
    for record in records:
        table.add_column(_kind(record), justify="right")
    table.add_row("clean", "", *(f"{record.details['clean']:.1f}" for record in records))
    for number, change in enumerate(records[0].details["changes"]):
        table.add_section()
        for place, strength in enumerate(change["strengths"]):
            name = f"{change['name']} ({change['unit']})" if place == 0 else ""
            values = (record.details["changes"][number]["values"][place] for record in records)
            table.add_row(name, f"{strength:g}", *(f"{value:.1f}" for value in values))
    table.add_section()
    table.add_row("mean of the changed", "", *(f"{record.value:.1f}" for record in records), style="bold")
    return table


def show_files(**files: Path) -> None:
    """Prints where each of the files is, by what it is, if it is there."""
    for name, path in files.items():
        if path.exists():
            logger.info(f"{name}: {path}")


def picture_name(what: str, run: LoadedRun, on: str = "test") -> str:
    """``clusters.png`` for the test split that belongs to the training, and another name for each other picture, such
    as ``clusters_ModelNet10_5c3c9a.png`` or ``clusters_validation.png``."""
    data = run.config["dataset"]
    parts = [what]
    if data != run.checkpoint.config["dataset"]:
        parts += [run.dataset.name, digest(data)]
    if on != "test":
        parts.append(on)
    return "_".join(parts) + ".png"
