"""Table and page of a check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from conclu_pyg.inference.check import Check
from conclu_pyg.inference.findings import CheckedCloud
from conclu_pyg.inference.pictures import picture_points
from conclu_pyg.inference.table import write_table
from conclu_pyg.text import pluralize
from conclu_pyg.vis.cards import Card, Section, write_cards

COLUMNS = ("file", "cloud", "format", "points", "x", "y", "z", "diagonal", "spacing", "removed", "notes", "refused")
MAX_CARDS = 60  # of each kind


def write_check_table(path: Path, check: Check) -> None:
    """Writes a row for each cloud, and for each file or cloud that cannot be used.

    The columns ``x``, ``y``, ``z`` are the extents, and ``spacing`` is the median distance between neighbours as a
    share of the diagonal. ``points`` and ``spacing`` are empty for meshes.

    Raises:
        OSError: the file cannot be written.
    """
    rows = [_row(each) for each in check.clouds]
    empty = [""] * (len(COLUMNS) - 4)
    rows += [[name, "", Path(name).suffix.lower(), *empty, reason] for name, reason in check.refused]
    write_table(path, COLUMNS, rows)


def _row(cloud: CheckedCloud) -> list[object]:
    summary = cloud.summary
    file = cloud.name.removesuffix(f":{summary.name}") if summary.name else cloud.name
    spacing = "" if math.isnan(summary.spacing) else _short(summary.spacing)
    return [
        *(file, summary.name, cloud.format, summary.size or ""),
        *map(_short, (*summary.extents, summary.diagonal)),
        *(spacing, summary.removed, "; ".join(summary.notes), ""),
    ]


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def write_check_page(path: Path, check: Check, title: str, up_axis: int) -> None:
    """Writes a page with the findings and pictures of the clouds that warnings name.

    Args:
        path: the HTML file to write.
        check: the result.
        title: the heading.
        up_axis: the up axis of the pictures, 0 to 2.

    Raises:
        OSError: the file cannot be written.
    """
    by_name = {each.name: each for each in check.clouds}
    distances = {} if check.comparison is None else check.comparison.distances
    sections = []
    for finding in check.findings:
        named = [by_name[name] for name in finding.clouds if name in by_name]
        if named and (finding.is_warning or finding.kind == "training data"):
            cards = [_card(each, distances.get(each.name)) for each in named[:MAX_CARDS]]
            more = [f"the first {MAX_CARDS} of {len(named):,}"] if len(named) > MAX_CARDS else []
            sections.append(Section(f"{finding.kind}: {pluralize(len(named), 'cloud')}", cards, [finding.text, *more]))
    write_cards(path, title, sections, _lines(check), up_axis)


def _lines(check: Check) -> Sequence[str]:
    refused = [f"refused: {reason}" for _, reason in check.refused[:MAX_CARDS]]
    if len(check.refused) > MAX_CARDS:
        refused.append(f"and {len(check.refused) - MAX_CARDS:,} files or clouds more are refused")
    warned = [f"{'warning: ' if finding.is_warning else ''}{finding}" for finding in check.findings]
    return [check.summary, *check.skipped, *refused, *warned]


def _card(cloud: CheckedCloud, distance: float | None) -> Card:
    summary = cloud.summary
    points = "mesh" if summary.is_mesh else pluralize(summary.size, "point")
    lines = [points, " x ".join(f"{each:.4g}" for each in summary.extents)]
    if distance is not None:
        lines.append(f"distance to the training data {distance:.2f}")
    return Card(cloud.name, picture_points(cloud.path, summary.name), lines)
