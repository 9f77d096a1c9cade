"""Tables of methods: rows, data sets, the measurement, and budgets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from conclu_pyg.constraints import NonNegativeFloat, PositiveFloat, PositiveInt
from conclu_pyg.errors import ConfigError
from conclu_pyg.suggestions import suggest

RANDOM = "random"  # of Row.training


@dataclass(frozen=True)
class Figure:
    """A figure of others, which is shown next to the measured ones and never mixed with them.

    Attributes:
        dataset: name of the data set in the table.
        value: in percent.
        source: where it was published.
        kind: ``reported`` by the authors, or ``reproduced`` by others (default: reported).
        metric: (default: the table's main metric).
        note: what differs from this table, such as the data of the pre-training (default: nothing).
    """

    dataset: str
    value: NonNegativeFloat
    source: str
    kind: Literal["reported", "reproduced"] = "reported"
    metric: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table: a method with an encoder.

    Attributes:
        method: its name in the table.
        encoder: name of an encoder of the table.
        training: ``method`` for a pre-training by ``config``, ``labels`` for a supervised training by it, or ``random``
            for an encoder with random weights (default: method).
        config: a config file, relative to the table, or the name of one of the package (default: none, for ``random``).
        overrides: ``section.key=value`` for that config (default: none).
        shares: the share of the budget of each stage, by its name (default: equal ones).
        figures: figures of others, see :class:`Figure` (default: none).
    """

    method: str
    encoder: str
    training: Literal["method", "labels", "random"] = "method"
    config: str | None = None
    overrides: list[str] = field(default_factory=list)
    shares: Mapping[str, PositiveFloat] = field(default_factory=dict)
    figures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def label(self) -> str:
        """``method, encoder``."""
        return f"{self.method}, {self.encoder}"

    @property
    def folder(self) -> str:
        """The name of the row's folder and files."""
        return re.sub(r"[^\w]+", "-", f"{self.method}_{self.encoder}")

    def figures_of(self, kind: str, dataset: str, metric: str, main: str) -> list[Figure]:
        """Return the figures of others of one cell of the table.

        Args:
            kind: ``reported`` or ``reproduced``.
            dataset, metric: of the cell.
            main: the main metric, which figures without a metric have.
        """
        found = [Figure(**figure) for figure in self.figures]
        return [f for f in found if (f.kind, f.dataset, f.metric or main) == (kind, dataset, metric)]


@dataclass(frozen=True)
class Budget:
    """What each row may cost.

    Attributes:
        description: one sentence for the table.
        epochs: of each pre-training, divided between the stages of a method.
        batch_size: clouds in a step of a pre-training.
        points: of a view; also of what a method with views of its own makes (default: as in the configs).
        finetuning_epochs: of a training with labels (default: ``epochs``).
        finetuning_batch_size: clouds in a step of it (default: ``batch_size``).
        seeds: how many (default: 3).
        equal_cpu: also train each row for as much CPU time as the reference (default: True).
        datasets: data sets in place of the table's of the same name, or further ones (default: none).
        pretrain_on, measure_on: in place of the table's (default: the table's).
        encoders: encoders in place of the table's of the same name (default: none).
        num_clusters, finetuning: in place of the table's (default: the table's).
    """

    description: str
    epochs: PositiveInt
    batch_size: PositiveInt
    points: PositiveInt | None = None
    finetuning_epochs: PositiveInt | None = None
    finetuning_batch_size: PositiveInt | None = None
    seeds: PositiveInt = 3
    equal_cpu: bool = True
    datasets: dict[str, Any] = field(default_factory=dict)
    pretrain_on: str | None = None
    measure_on: list[str] | None = None
    encoders: dict[str, Any] = field(default_factory=dict)
    num_clusters: PositiveInt | None = None
    finetuning: dict[str, Any] | None = None


@dataclass(frozen=True)
class Table:
    """A table to reproduce.

    Attributes:
        title: its heading.
        metric: the main metric, by which rows are compared.
        reference: the method that others are compared with, and whose CPU time they get in the second column.
        datasets: configs of the data sets by their names in the table.
        pretrain_on: the data set of the pre-trainings.
        measure_on: the data sets that are measured on.
        encoders: configs of the encoders by their names.
        rows: see :class:`Row`.
        budgets: see :class:`Budget`, by name.
        metrics: all metrics that are shown (default: the main one).
        finetuning: by the name of each encoder the config of a training with labels that begins with the pre-trained
            encoder and is measured at its task (default: none, the frozen encoder is measured by a linear SVM).
        views: the steps of shared views, for the methods that have them (default: those of their configs).
        num_clusters: of k-means on the features, whose clusters are compared with the classes (default: none).
        note: sentences for the table (default: none).
    """

    title: str
    metric: str
    reference: str
    datasets: dict[str, Any]
    pretrain_on: str
    measure_on: list[str]
    encoders: dict[str, Any]
    rows: list[dict[str, Any]]
    budgets: dict[str, Any]
    metrics: list[str] = field(default_factory=list)
    finetuning: dict[str, Any] | None = None
    views: list[dict[str, Any]] | None = None
    num_clusters: PositiveInt | None = None
    note: str = ""

    @property
    def all_rows(self) -> list[Row]:
        """The rows as objects."""
        return [Row(**row) for row in self.rows]

    @property
    def all_metrics(self) -> list[str]:
        """The metrics, the main one first."""
        return list(dict.fromkeys([self.metric, *self.metrics]))

    def budget(self, name: str) -> Budget:
        """Return a budget.

        Raises:
            ConfigError: there is none of this name.
        """
        if name not in self.budgets:
            names = ", ".join(self.budgets)
            raise ConfigError(
                f"{self.title}: there is no budget {name!r}{suggest(name, self.budgets)} Budgets: {names}.",
                argument="budget",
                got=name,
            )
        return Budget(**self.budgets[name])

    def under(self, budget: Budget) -> Table:
        """Return the table with the data sets and encoders of a budget."""
        return replace(
            self,
            datasets={**self.datasets, **budget.datasets},
            pretrain_on=budget.pretrain_on or self.pretrain_on,
            measure_on=budget.measure_on or self.measure_on,
            encoders={**self.encoders, **budget.encoders},
            num_clusters=budget.num_clusters or self.num_clusters,
            finetuning=budget.finetuning or self.finetuning,
        )
