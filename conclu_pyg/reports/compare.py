"""Comparison of runs: the differences of their configs, their curves and their records side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from conclu_pyg.config_files import read_config
from conclu_pyg.errors import ConfigError
from conclu_pyg.reports.curves import LAST, UNITS, metrics_of, title_of
from conclu_pyg.reports.results import interval
from conclu_pyg.runs.folder import CONFIG_NAME, find_checkpoint, folder_of
from conclu_pyg.runs.protocol import Weights
from conclu_pyg.runs.records import RESULTS_NAME, Record, read_records
from conclu_pyg.runs.render import RANDOM, render_protocol
from conclu_pyg.text import pluralize, printable
from conclu_pyg.vis.report.blocks import Listing, Table
from conclu_pyg.vis.report.charts import Chart, Charts, Line
from conclu_pyg.vis.report.page import Section, write_report

PLACES = ("pipeline.run_dir", "pipeline.log_dir")  # keys that differ between any two runs
MAX_RUNS = 12
ABSENT = "-"


@dataclass(frozen=True)
class ComparedRun:
    """What is compared of a run.

    Attributes:
        name: the run as it was given.
        config: its values by dotted keys, such as ``pipeline.epochs``.
        metrics: the columns of its ``metrics.csv``.
        records: its results.
    """

    name: str
    config: Mapping[str, Any]
    metrics: Mapping[str, Sequence[float]]
    records: Sequence[Record]


class Way(NamedTuple):
    """What results must have in common to be in one row.

    Attributes:
        task, metric, dataset: what was measured.
        start: ``random weights``, or ``trained``.
        protocol: how it was measured, without the epoch of the weights, which may differ.
    """

    task: str
    metric: str
    dataset: str
    start: str
    protocol: str


class ResultRow(NamedTuple):
    """The results of several runs that were measured in one way.

    Attributes:
        way: how they were measured.
        records: the latest record of each run, ``None`` where it has none.
    """

    way: Way
    records: Sequence[Record | None]


@dataclass(frozen=True)
class Comparison:
    """A comparison of runs.

    Attributes:
        runs: at least two.
    """

    runs: Sequence[ComparedRun]

    @property
    def names(self) -> list[str]:
        """The names of the runs."""
        return [run.name for run in self.runs]

    @property
    def differences(self) -> dict[str, list[Any]]:
        """The values of each key of the configs that is not the same in all, ``-`` where it is absent."""
        keys = dict.fromkeys(key for run in self.runs for key in run.config if key not in PLACES)
        values = {key: [run.config.get(key, ABSENT) for run in self.runs] for key in keys}
        return {key: row for key, row in values.items() if any(repr(value) != repr(row[0]) for value in row)}

    @property
    def num_equal(self) -> int:
        """The number of keys with the same value in all configs."""
        return len({key for run in self.runs for key in run.config if key not in PLACES}) - len(self.differences)

    @property
    def metric_names(self) -> list[str]:
        """The metrics of any of the runs, losses first."""
        names = dict.fromkeys(name for run in self.runs for name in run.metrics if name not in UNITS)
        return sorted(names, key=lambda name: name in LAST)

    @property
    def last_metrics(self) -> dict[str, list[float]]:
        """The value of each metric in the last epoch of each run, NaN where it is absent."""
        return {
            name: [(run.metrics.get(name) or [math.nan])[-1] for run in self.runs]
            for name in ("epoch", *self.metric_names)
        }

    @property
    def results(self) -> list[ResultRow]:
        """The records, those that were measured in one way in one row."""
        rows: dict[Way, list[Record | None]] = {}
        for place, run in enumerate(self.runs):
            for record in run.records:
                rows.setdefault(_way(record), [None] * len(self.runs))[place] = record
        return [ResultRow(way, records) for way, records in rows.items()]

    def as_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return {
            "runs": [printable(name) for name in self.names],
            "config": {printable(key): [_plain(value) for value in row] for key, row in self.differences.items()},
            "equal_keys": self.num_equal,
            "last_epoch": {printable(name): [*map(_plain, row)] for name, row in self.last_metrics.items()},
            "results": [
                {
                    **{name: printable(value) for name, value in row.way._asdict().items()},
                    "values": [None if record is None else record.value for record in row.records],
                    "intervals": ["" if record is None else interval(record) for record in row.records],
                }
                for row in self.results
            ],
        }

    def write(self, path: str | Path) -> None:
        """Writes the comparison as one HTML file, see :func:`~conclu_pyg.vis.report.page.write_report`.

        Raises:
            OSError: the file cannot be written.
        """
        sections = [self._config(), self._curves(), self._results()]
        title = f"Comparison of {pluralize(len(self.runs), 'run')}"
        write_report(Path(path), title, [each for each in sections if each is not None], self.names)

    def _config(self) -> Section:
        cells = [[key, *map(as_text, row)] for key, row in self.differences.items()]
        lines = [f"{pluralize(self.num_equal, 'further key')} of the configs have the same value."]
        table = [Table(["key", *self.names], cells, "keys with different values")] if cells else []
        return Section("Configs", table, lines)

    def _curves(self) -> Section | None:
        charts = []
        for name in self.metric_names:
            lines = [
                Line(run.name, run.metrics["epoch"], run.metrics[name], place)
                for place, run in enumerate(self.runs)
                if name in run.metrics
            ]
            charts.append(Chart(title_of(name), lines))
        if not charts:
            return None
        cells = [[title_of(name), *(number(value) for value in row)] for name, row in self.last_metrics.items()]
        return Section("Curves", [Charts(charts), Table(["metric", *self.names], cells, "last epoch")])

    def _results(self) -> Section | None:
        rows = self.results
        if not rows:
            return None
        protocols = list(dict.fromkeys(row.way.protocol for row in rows))
        cells = [
            [
                *row.way[:-1],
                protocols.index(row.way.protocol) + 1,
                *(value_with_interval(record) for record in row.records),
            ]
            for row in rows
        ]
        header = ["task", "metric", "data set", "encoder", "protocol", *self.names]
        listed = [f"protocol {place}: {protocol}" for place, protocol in enumerate(protocols, 1)]
        lines = [
            "In percent, with 95 % intervals of a share of independent clouds or ± the standard deviation of the "
            "draws. Values in one row were measured in one way; of several records the latest is shown."
        ]
        return Section("Results", [Table(header, cells, "records of evaluations"), Listing(listed)], lines)


def compare_runs(paths: Sequence[str | Path]) -> Comparison:
    """Reads the configs, metrics and records of runs, and compares them. No model is built and no data set is read.

    Args:
        paths: the folders or checkpoints of 2 to 12 runs.

    Raises:
        ConfigError: another number of runs, a run that is given twice, or a config that cannot be read.
        CheckpointError: there is no run.
        ConcluError: the metrics or the records are damaged.
    """
    if not 2 <= len(paths) <= MAX_RUNS:
        raise ConfigError(f"expected 2 to {MAX_RUNS} runs to compare, got {len(paths)}.", got=len(paths))
    names = [str(path) for path in paths]
    folders: dict[Path, str] = {}
    for name in names:
        folder = folder_of(find_checkpoint(name)).resolve()
        if folder in folders:
            raise ConfigError(f"expected different runs, got {folders[folder]} and {name}, which are one.", got=name)
        folders[folder] = name
    return Comparison([_read(name, folder) for folder, name in folders.items()])


def _read(name: str, folder: Path) -> ComparedRun:
    results = folder / RESULTS_NAME
    records = read_records(results) if results.is_file() else []
    config = dict(_flatten(read_config(folder / CONFIG_NAME)))
    return ComparedRun(name, config, metrics_of(folder), records)


def _flatten(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the values of a config with their keys, such as ``pipeline.views[0].name``."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flatten(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value):
        for place, inner in enumerate(value):
            yield from _flatten(inner, f"{key}[{place}]")
    else:
        yield key, value


def _way(record: Record) -> Way:
    protocol = replace(record.protocol, weights=Weights("random"))
    how = render_protocol(protocol).removeprefix(f"{RANDOM}; ")
    start = RANDOM if record.initialisation == "random" else "trained"
    return Way(record.task, record.metric, record.dataset, start, how)


def value_with_interval(record: Record | None) -> str:
    """Returns ``87.0 (85.6 to 88.3)``, or ``-`` without a record."""
    if record is None:
        return ABSENT
    around = interval(record)
    return f"{record.value:.1f} ({around})" if around else f"{record.value:.1f}"


def as_text(value: Any) -> str:
    """Returns a value of a config as text."""
    return value if isinstance(value, str) else str(value)


def number(value: float) -> str:
    """Returns a number with 4 digits, or ``-`` for NaN."""
    return ABSENT if math.isnan(value) else f"{value:.4g}"


def _plain(value: Any) -> Any:
    """Returns a value for JSON, which has no NaN and no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return printable(value) if isinstance(value, str) else value
