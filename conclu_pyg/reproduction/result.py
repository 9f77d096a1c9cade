"""Values of a table by row, column, data set and metric, read from the records of its cells."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from conclu_pyg.reproduction.jobs import records_file
from conclu_pyg.reproduction.plan import Column, Plan
from conclu_pyg.reproduction.statistics import Comparison, Ranking, compare_with, rank_rows
from conclu_pyg.reproduction.table import RANDOM, Row
from conclu_pyg.runs.records import Record, read_records

COLUMNS: dict[Column, str] = {"clouds": "equal clouds", "cpu": "equal CPU time"}
KMEANS, OWN = "k-means", "own clusters"  # of the metrics of clusters


class Place(NamedTuple):
    """The place of a value in a row.

    Attributes:
        column: ``clouds`` or ``cpu``.
        dataset: name in the table.
        metric: such as ``accuracy``, or ``k-means NMI``.
    """

    column: Column
    dataset: str
    metric: str


@dataclass(frozen=True)
class RowResult:
    """The values of a row.

    Attributes:
        row: the row.
        epochs: of each column, ``None`` if they are not known; 0 without a training.
        values: by seed, in percent.
    """

    row: Row
    epochs: Mapping[Column, int | None]
    values: Mapping[Place, Mapping[int, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """A table with its values.

    Attributes:
        plan: the trainings.
        budget: the name of the budget.
        rows: in the order of the table.
        records: of all cells.
        command: that made it.
        failures: the error of each job that failed, by its label.
    """

    plan: Plan
    budget: str
    rows: Sequence[RowResult]
    records: Sequence[Record]
    command: str
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[Column]:
        """The columns of the budget."""
        return ["clouds", "cpu"] if self.plan.budget.equal_cpu else ["clouds"]

    def by_row(self, place: Place, encoder: str | None = None) -> dict[str, list[float]]:
        """Return the values of each row that has all seeds, in their order.

        Args:
            place: of the values.
            encoder: of the rows (default: any).
        """
        seeds = self.plan.seeds
        return {
            each.row.label: [each.values[place][seed] for seed in seeds]
            for each in self.rows
            if encoder in (None, each.row.encoder) and set(each.values.get(place, ())) >= set(seeds)
        }

    def comparisons(self, place: Place) -> list[Comparison]:
        """Return the comparisons of the rows of each encoder with its reference row."""
        table = self.plan.table
        return [
            comparison
            for encoder in table.encoders
            for comparison in compare_with(f"{table.reference}, {encoder}", self.by_row(place, encoder))
        ]

    def rankings(self, place: Place) -> dict[str, Ranking]:
        """Return the ranks of the rows of each encoder that has enough rows and seeds."""
        found = {encoder: rank_rows(self.by_row(place, encoder)) for encoder in self.plan.table.encoders}
        return {encoder: ranking for encoder, ranking in found.items() if ranking is not None}

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        main = [Place(c, d, self.plan.table.metric) for d in self.plan.table.measure_on for c in self.columns]
        return {
            "table": self.plan.table.title,
            "budget": self.budget,
            "description": self.plan.budget.description,
            "pretrained_on": self.plan.table.pretrain_on,
            "seeds": list(self.plan.seeds),
            "command": self.command,
            "rows": [self._row(each) for each in self.rows],
            "comparisons": [{**_place(p), **asdict(each)} for p in main for each in self.comparisons(p)],
            "rankings": [
                {**_place(p), "encoder": encoder, **asdict(ranking)}
                for p in main
                for encoder, ranking in self.rankings(p).items()
            ],
            "failures": dict(self.failures),
        }

    def _row(self, result: RowResult) -> dict[str, Any]:
        row, plan = result.row, self.plan
        cost = None if row.training == RANDOM else plan.cost(row)
        return {
            "method": row.method,
            "encoder": row.encoder,
            "training": row.training,
            "epochs": dict(result.epochs),
            "cost": None if cost is None else cost.as_dict(),
            "values": [_values(place, values) for place, values in result.values.items()],
            "figures_of_others": row.figures,
        }


def collect(plan: Plan, budget: str, command: str, failures: Mapping[str, str]) -> Result:
    """Read the records of all cells that are measured.

    Args:
        plan: the trainings.
        budget: the name of the budget.
        command: that made the table.
        failures: see :class:`Result`.

    Raises:
        ConcluError: a file of records is damaged.
    """
    rows, records, read = [], [], set()
    columns: list[Column] = ["clouds", "cpu"] if plan.budget.equal_cpu else ["clouds"]
    for row in plan.rows:
        values: dict[Place, dict[int, float]] = {}
        for column in columns:
            for seed in plan.seeds:
                cell = plan.cell(row, column, seed)
                for dataset in plan.table.measure_on if cell is not None else ():
                    path = records_file(cell.folder, dataset) if cell is not None else Path()
                    found = read_records(path) if path.exists() else []
                    records += [] if path in read else found
                    read.add(path)
                    for record in found:
                        values.setdefault(Place(column, dataset, metric_of(record)), {})[seed] = record.value
        epochs = {c: 0 if row.training == RANDOM else plan.epochs(row, c) for c in columns}
        rows.append(RowResult(row, epochs, values))
    return Result(plan, budget, rows, records, command, failures)


def metric_of(record: Record) -> str:
    """Return the name of a record's metric in a table."""
    if record.task != "clusters":
        return record.metric
    return f"{KMEANS if 'clusters' in record.protocol.extra else OWN} {record.metric}"


def _place(place: Place) -> dict[str, str]:
    return {"column": COLUMNS[place.column], "dataset": place.dataset, "metric": place.metric}


def _values(place: Place, values: Mapping[int, float]) -> dict[str, Any]:
    by_seed = {str(seed): value for seed, value in values.items()}
    return {**_place(place), "mean": statistics.mean(by_seed.values()), "by_seed": by_seed}
