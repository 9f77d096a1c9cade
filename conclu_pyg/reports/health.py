"""Statistics of collapse with their healthy range, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from conclu_pyg.methods.diagnostics import Judgement
from conclu_pyg.vis.report.blocks import Table

STATES = {True: "yes", False: "NO", None: "too early to tell"}


def health_table(judgements: Sequence[Judgement]) -> Table:
    """Returns a table of statistics, in which those out of their healthy range are marked."""
    cells = [
        [each.name, f"{each.value:.3g}", each.healthy, STATES[each.is_healthy], each.seen, each.meaning]
        for each in judgements
    ]
    marked = [number for number, each in enumerate(judgements) if each.is_healthy is False]
    header = ["statistic", "value", "healthy", "is healthy", "healthy trainings had", "meaning"]
    return Table(header, cells, "statistics that show collapse", marked)
