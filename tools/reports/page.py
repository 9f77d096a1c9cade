"""The results page: tables of records, their protocols and commands, and the paper's figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from conclu_pyg.errors import ConcluError
from conclu_pyg.files import atomic_write
from conclu_pyg.runs.records import Record, read_records
from conclu_pyg.runs.render import RANDOM, render_datasets, render_protocol
from reports.commands import format_commands
from reports.label_curves import label_curves, plot_label_curves
from reports.paper import reported_value
from reports.table import EXPERIMENT, make_table


def write_page(folder: Path, page: Path) -> list[Path]:
    """Writes the page, and a plot in ``images/`` next to it for each section with several numbers of labels.

    Args:
        folder: each ``*.json`` in it is a section, ordered by name; an ``.md`` file of the same name is its note.
        page: the Markdown file to write.

    Returns:
        the written files.

    Raises:
        ConcluError: there are no records, or a file is not a list of records.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise ConcluError(f"{folder} has no .json files of records.")
    written, sections = [], []
    for path in files:
        records = read_records(path)
        table = make_table(records)
        picture = None
        if curves := label_curves(table):
            picture = page.parent / "images" / f"labels_{path.stem.replace(' ', '_')}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            plot_label_curves(curves, picture)
            written.append(picture)
        sections.append(_section(path, records, table, picture))
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False)
    text = environment.get_template("results.md.j2").render(sections=sections)
    page.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(page) as file:
        file.write((text.rstrip() + "\n").encode())
    return [*written, page]


def _section(path: Path, records: Sequence[Record], table: pd.DataFrame, picture: Path | None) -> dict[str, Any]:
    note = path.with_suffix(".md")
    protocols = list(dict.fromkeys(render_protocol(record.protocol) for record in records))
    return {
        "title": path.stem.split("_", 1)[-1].replace("_", " "),
        "note": note.read_text(encoding="utf-8").strip() if note.exists() else "",
        "picture": "" if picture is None else picture.name,
        "rows": [_cells(rows, protocols) for _, rows in table.groupby(EXPERIMENT)],
        "corruptions": _corruptions([record for record in records if "corruptions" in record.details]),
        "protocols": protocols,
        "commands": format_commands(records),
    }


def _cells(rows: pd.DataFrame, protocols: list[str]) -> list[str]:
    """Returns the cells of a table row: repetitions of one experiment."""
    first: Record = rows.iloc[0]["record"]
    shown = rows.iloc[0]
    return [
        f"{first.task}, {first.metric}",
        first.dataset,
        first.encoder,
        _start(first),
        ": ".join(part for part in (shown.method, shown.losses) if part) or "-",
        str(first.epochs or "-"),
        f"{shown.num_points:,}",
        _labels(shown.label_unit, shown.label_number),
        _value(rows),
        ", ".join(map(str, sorted(rows["seed"]))),
        first.fingerprint,
        str(protocols.index(render_protocol(first.protocol)) + 1),
        str(reported_value(first) or "-"),
    ]


def _value(rows: pd.DataFrame) -> str:
    mean, spread = rows["value"].mean(), rows["value"].std()
    if not math.isnan(spread):
        return f"**{mean:.1f} ± {spread:.1f}**"
    deviation = rows.iloc[0]["record"].details.get("deviation")
    return f"**{mean:.1f}**" + (f" (draws: ± {deviation:.1f})" if deviation is not None else "")


def _corruptions(records: Sequence[Record]) -> list[list[str]]:
    """Returns the rows of a table with a column for each record; no rows if there are no records."""
    if not records:
        return []
    heads = [f"{record.encoder}, {_start(record)}" for record in records]
    clean = [f"{record.details['clean']:.1f}" for record in records]
    rows = [["corruption", "severity", *heads], ["clean", "-", *clean]]
    for kind, corruption in enumerate(records[0].details["corruptions"]):
        for place, severity in enumerate(corruption["severities"]):
            values = [f"{record.details['corruptions'][kind]['values'][place]:.1f}" for record in records]
            rows.append([f"{corruption['name']} ({corruption['unit']})", f"{severity:g}", *values])
    return rows


def _start(record: Record) -> str:
    return render_datasets(record.pretrained_on) if record.pretrained_on else f"none: {RANDOM}"


def _labels(unit: str, number: float) -> str:
    if unit == "fraction":
        return "all" if number == 1 else f"{100 * number:.3g} %"
    return f"{number:g} per class" if unit == "per_class" else "-"
