"""The plan of a table: its cells, their costs, and what remains to be done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from conclu_pyg.errors import ConcluError
from conclu_pyg.reproduction.budgets import Cost, equal_cpu_epochs
from conclu_pyg.reproduction.jobs import Job, Measured
from conclu_pyg.reproduction.row_configs import Config, pretraining_config, supervised_config
from conclu_pyg.reproduction.table import RANDOM, Budget, Row, Table
from conclu_pyg.runs.plain_data import from_plain

Column = Literal["clouds", "cpu"]


@dataclass(frozen=True)
class Cell:
    """A training of a row.

    Attributes:
        row: the row.
        epochs: of its pre-training, or of its training with labels.
        seed: of the training.
        folder: of the cell.
    """

    row: Row
    epochs: int
    seed: int
    folder: Path


@dataclass(frozen=True)
class Plan:
    """The trainings of a table.

    Attributes:
        table: with the data sets and encoders of the budget.
        budget: the budget.
        rows: those to reproduce.
        seeds: of each row.
        folder: of all files.
    """

    table: Table
    budget: Budget
    rows: Sequence[Row]
    seeds: Sequence[int]
    folder: Path

    def cost_jobs(self) -> list[Job]:
        """Return the jobs that measure what a step of each row costs, those of the reference rows included."""
        encoders = {row.encoder for row in self.rows}
        reference = [row for row in self.table.all_rows if self.is_reference(row) and row.encoder in encoders]
        rows = {row.label: row for row in (*reference, *self.rows) if row.training != RANDOM}
        return [
            Job("cost", f"cost of {row.label}", str(self._cost_file(row)), self._training(row, self.budget.epochs, 0))
            for row in rows.values()
        ]

    def cell_jobs(self, column: Column) -> Iterator[Job]:
        """Yield the jobs of a column, all rows of a seed before those of the next one."""
        for seed in self.seeds:
            for row in self.rows:
                cell = self.cell(row, column, seed)
                if cell is not None:
                    yield self._job(cell)

    def trainings(self) -> dict[str, Config]:
        """Return the configs of all trainings of equal clouds with the seed 0, by the row and, if it is trained with
        labels, the data set."""
        found: dict[str, Config | None] = {}
        for row in self.rows:
            if cell := self.cell(row, "clouds", 0):
                job = self._job(cell)
                found[row.label] = job.config
                found |= {f"{row.label}, {name}": measured.finetuning for name, measured in job.measured.items()}
        return {name: config for name, config in found.items() if config is not None}

    def cell(self, row: Row, column: Column, seed: int) -> Cell | None:
        """Return the training of a row; the same one for both columns if they have as many epochs. ``None`` if its cost
        is not known.

        Args:
            row: of the table.
            column: ``clouds`` for as many clouds as each row sees, ``cpu`` for the CPU time of the reference.
            seed: of the training.
        """
        epochs = 0 if row.training == RANDOM else self.epochs(row, column)
        if epochs is None:
            return None
        return Cell(row, epochs, seed, self.folder / "cells" / row.folder / f"epochs{epochs}_seed{seed}")

    def epochs(self, row: Row, column: Column) -> int | None:
        """Return the epochs of a row's training in a column, ``None`` if a cost that they depend on is not known."""
        if column == "clouds" or self.is_reference(row):
            return self._planned(row)
        own, reference = self.cost(row), self._reference_cost(row.encoder)
        if own is None or reference is None:
            return None
        return equal_cpu_epochs(own, row.shares, reference)

    def cost(self, row: Row) -> Cost | None:
        """Return the measured cost of a row, ``None`` if it is not measured.

        Raises:
            ConcluError: its file is damaged.
        """
        path = self._cost_file(row)
        if not path.exists():
            return None
        try:
            cost: Cost = from_plain(Cost, json.loads(path.read_text(encoding="utf-8")), "cost")
            return cost
        except ValueError as error:
            raise ConcluError(f"{path} is no measured cost: {error}; remove it.", file=path) from error

    def cpu_seconds(self, row: Row, epochs: int) -> float:
        """Return the CPU seconds that a training is expected to take, 0 if that is not known."""
        cost = None if row.training == RANDOM or not epochs else self.cost(row)
        return 0.0 if cost is None else cost.cpu_seconds(epochs, row.shares)

    def is_reference(self, row: Row) -> bool:
        """Return whether the row is of the method that others are compared with."""
        return row.method == self.table.reference

    def _planned(self, row: Row) -> int:
        labels = row.training == "labels"
        return self.budget.finetuning_epochs or self.budget.epochs if labels else self.budget.epochs

    def _reference_cost(self, encoder: str) -> float | None:
        row = next((each for each in self.table.all_rows if self.is_reference(each) and each.encoder == encoder), None)
        cost = None if row is None else self.cost(row)
        return None if row is None or cost is None else cost.cpu_seconds(self._planned(row), row.shares)

    def _cost_file(self, row: Row) -> Path:
        return self.folder / "costs" / f"{row.folder}.json"

    def _training(self, row: Row, epochs: int, seed: int) -> Config:
        if row.training == "labels":
            return supervised_config(self.table, row, self.budget, self.table.measure_on[0], epochs, seed)
        return pretraining_config(self.table, row, self.budget, epochs, seed)

    def _job(self, cell: Cell) -> Job:
        row, table = cell.row, self.table
        supervised = row.training == "labels"
        finetuned = table.finetuning is not None
        needs_run = not supervised and not (finetuned and row.training == RANDOM)
        return Job(
            "cell",
            f"{row.label}, {cell.epochs} epochs, seed {cell.seed}" if cell.epochs else f"{row.label}, seed {cell.seed}",
            str(cell.folder),
            self._training(row, max(1, cell.epochs), cell.seed) if needs_run else None,
            row.training != RANDOM,
            {name: self._measured(cell, name, supervised or finetuned) for name in table.measure_on},
            self.cpu_seconds(row, cell.epochs),
        )

    def _measured(self, cell: Cell, dataset: str, with_labels: bool) -> Measured:
        row, table = cell.row, self.table
        if not with_labels:
            return Measured(table.datasets[dataset], None, table.num_clusters)
        epochs = cell.epochs if row.training == "labels" else self.budget.finetuning_epochs or self.budget.epochs
        config = supervised_config(table, row, self.budget, dataset, epochs, cell.seed)
        return Measured(table.datasets[dataset], config)
