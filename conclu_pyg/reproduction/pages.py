"""Tables as Markdown and as an HTML page."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conclu_pyg.files import atomic_write
from conclu_pyg.reproduction.result import COLUMNS, KMEANS, OWN, Place, Result, RowResult
from conclu_pyg.reproduction.statistics import Ranking
from conclu_pyg.reproduction.table import RANDOM, Figure
from conclu_pyg.text import pluralize, printable
from conclu_pyg.vis.report.blocks import Listing, Table
from conclu_pyg.vis.report.page import Section, write_report

ABSENT, FAILED = "-", "failed"
OTHERS = {"reported": "reported", "reproduced": "reproduced by others"}
SCORES = ("NMI", "ARI", "purity")


@dataclass(frozen=True)
class Part:
    """A section of the page.

    Attributes:
        title: the heading.
        lines: sentences below it.
        header, cells: of its table (default: none).
        entries: of a list (default: none).
    """

    title: str
    lines: Sequence[str] = ()
    header: Sequence[str] = ()
    cells: Sequence[Sequence[str]] = ()
    entries: Sequence[str] = field(default_factory=list)


def markdown(result: Result) -> str:
    """Return a result as Markdown."""
    blocks = [f"# {_cell(result.plan.table.title)}", *map(_cell, introduction(result))]
    blocks.append(f"Command: `{_cell(result.command)}`")
    for part in parts(result):
        blocks.append(f"## {_cell(part.title)}")
        blocks += map(_cell, part.lines)
        if part.cells:
            rows = [part.header, ["---"] * len(part.header), *part.cells]
            blocks.append("\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows))
        if part.entries:
            blocks.append("\n".join(f"- {_cell(entry)}" for entry in part.entries))
    return "\n\n".join(blocks) + "\n"


def write_pages(result: Result, folder: Path) -> None:
    """Write ``table.md`` and ``table.html``.

    Raises:
        OSError: a file cannot be written.
    """
    with atomic_write(folder / "table.md") as file:
        file.write(markdown(result).encode())
    sections = [
        Section(
            part.title,
            [
                *([Table(part.header, part.cells, part.title)] if part.cells else []),
                *([Listing(part.entries)] if part.entries else []),
            ],
            part.lines,
        )
        for part in parts(result)
    ]
    lines = [*introduction(result), f"Command: {result.command}"]
    write_report(folder / "table.html", result.plan.table.title, sections, lines)


def introduction(result: Result) -> list[str]:
    """Return the conditions of the measurement."""
    plan = result.plan
    table, budget = plan.table, plan.budget
    seeds = pluralize(len(plan.seeds), "seed")
    finetuned = pluralize(budget.finetuning_epochs or budget.epochs, "epoch")
    measured = f"fine-tuned with labels for {finetuned} and measured" if table.finetuning else "measured frozen"
    points = f", {budget.points:,} points a view" if budget.points else ""
    return [
        *([table.note] if table.note else []),
        f"Budget {result.budget}: {budget.description} Pre-trained on {table.pretrain_on}, "
        f"{pluralize(budget.epochs, 'epoch')}, {budget.batch_size} clouds in a step{points}; the encoder of the last "
        f"epoch is {measured}, on test clouds. Values are in percent, mean ± standard deviation over {seeds}, or over "
        "fewer where a value says so.",
    ]


def parts(result: Result) -> Iterator[Part]:
    """Yield the sections of the page."""
    sources: list[str] = []
    table = result.plan.table
    for dataset in table.measure_on:
        for metric in table.all_metrics:
            yield _values(result, dataset, metric, sources)
    yield _costs(result)
    for dataset in table.measure_on:
        if clusters := _clusters(result, dataset):
            yield clusters
    yield from _significance(result)
    if sources:
        listed = [f"({number}) {source}" for number, source in enumerate(sources, 1)]
        yield Part("Figures of others", [_OTHERS], entries=listed)
    if result.failures:
        yield Part("Failed", entries=[f"{label}: {error}" for label, error in result.failures.items()])


_OTHERS = (
    "Reported by the authors of a method or of a paper that compares with it, or reproduced by others: other data, "
    "protocols, schedules and selections of epochs. They are no figures of this table's protocol."
)


def _values(result: Result, dataset: str, metric: str, sources: list[str]) -> Part:
    others = [kind for kind in OTHERS if any(_figures(result, each, kind, dataset, metric) for each in result.rows)]
    header = ["method", "encoder"]
    for column in result.columns:
        header += [COLUMNS[column], "epochs"]
    cells = []
    for each in result.rows:
        row = [each.row.method, each.row.encoder]
        for column in result.columns:
            row += [value_text(result, each, Place(column, dataset, metric)), _epochs(each.epochs[column])]
        row += [_numbered(_figures(result, each, kind, dataset, metric), sources) for kind in others]
        cells.append(row)
    title = f"{dataset}: {metric}"
    return Part(title, (), [*header, *(OTHERS[kind] for kind in others)], cells)


def _figures(result: Result, each: RowResult, kind: str, dataset: str, metric: str) -> list[Figure]:
    return each.row.figures_of(kind, dataset, metric, result.plan.table.metric)


def _numbered(figures: Sequence[Figure], sources: list[str]) -> str:
    """Return figures with the numbers of their sources, which are added to the list."""
    texts = []
    for figure in figures:
        source = "; ".join(filter(None, [figure.source, figure.note]))
        if source not in sources:
            sources.append(source)
        texts.append(f"{figure.value:.1f} ({sources.index(source) + 1})")
    return ", ".join(texts) or ABSENT


def value_text(result: Result, each: RowResult, place: Place) -> str:
    """Return the mean and the standard deviation of the seeds of a place, ``-`` without a value."""
    values = list(each.values.get(place, {}).values())
    planned = len(result.plan.seeds)
    if not values:
        return FAILED if any(label.startswith(f"{each.row.label}, ") for label in result.failures) else ABSENT
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    missing = f" ({len(values)} of {planned} seeds)" if len(values) < planned else ""
    return f"{statistics.mean(values):.1f}{spread}{missing}"


def _epochs(epochs: int | None) -> str:
    return ABSENT if not epochs else str(epochs)


def _costs(result: Result) -> Part:
    header = ["method", "encoder", "parameters", "clouds per CPU second", "peak of a step, MiB"]
    header += [f"CPU seconds, {COLUMNS[column]}" for column in result.columns]
    cells = []
    for each in result.rows:
        cost = None if each.row.training == RANDOM else result.plan.cost(each.row)
        row = [each.row.method, each.row.encoder]
        if cost is None:
            cells.append([*row, *[ABSENT] * (len(header) - 2)])
            continue
        speed = cost.clouds_per_cpu_second(each.row.shares)
        row += [f"{cost.parameters:,}", f"{speed:,.1f}", f"{cost.peak_mib:,.0f}"]
        spent = (result.plan.cpu_seconds(each.row, each.epochs[column] or 0) for column in result.columns)
        cells.append([*row, *(f"{seconds:,.{0 if seconds >= 10 else 1}f}" if seconds else ABSENT for seconds in spent)])
    lines = [
        "Measured on a few steps in one thread: the fastest of three rounds. CPU seconds are those of the training's "
        "steps by this measurement. Of a method with stages: clouds of all stages, the largest number of trained "
        "parameters and the largest peak."
    ]
    return Part("Cost of the training", lines, header, cells)


def _clusters(result: Result, dataset: str) -> Part | None:
    kinds = [
        kind
        for kind in (KMEANS, OWN)
        if any(Place("clouds", dataset, f"{kind} {SCORES[0]}") in each.values for each in result.rows)
    ]
    if not kinds:
        return None
    header = ["method", "encoder", *(f"{kind}: {score}" for kind in kinds for score in SCORES)]
    cells = [
        [
            *(each.row.method, each.row.encoder),
            *(
                value_text(result, each, Place("clouds", dataset, f"{kind} {score}"))
                for kind in kinds
                for score in SCORES
            ),
        ]
        for each in result.rows
        if each.row.training != "labels"
    ]
    number = result.plan.table.num_clusters
    lines = [
        f"Agreement of {number} clusters with the classes of test clouds, each times 100; rows of the column "
        f'"{COLUMNS["clouds"]}". k-means groups the standardised features; own clusters are those that the method '
        "trains, such as ConClu's prototypes."
    ]
    return Part(f"{dataset}: clusters and classes", lines, header, cells)


def _significance(result: Result) -> Iterator[Part]:
    table = result.plan.table
    for dataset in table.measure_on:
        for column in result.columns:
            place = Place(column, dataset, table.metric)
            entries = [
                f"{encoder}: Friedman's test over {pluralize(ranking.seeds, 'seed')} p = {ranking.p:.3g}; mean ranks "
                + ", ".join(f"{row.rpartition(', ')[0]} {rank:.1f}" for row, rank in _ranked(ranking))
                + f"; differences of {ranking.critical_difference:.1f} and more are significant at 5 % (Nemenyi)"
                for encoder, ranking in result.rankings(place).items()
            ]
            cells = [
                [each.row, each.reference, f"{each.difference:+.2f}", _p_text(each.p), _p_text(each.p_holm)]
                for each in result.comparisons(place)
            ]
            if cells:
                header = ["row", "compared with", "difference", "p", "p, Holm"]
                lines = ["Paired t-tests over seeds, two-sided; Holm's correction is for the rows of an encoder."]
                yield Part(f"{dataset}, {COLUMNS[column]}: significance", lines, header, cells, entries)


def _p_text(p: float) -> str:
    return ABSENT if math.isnan(p) else f"{p:.3g}"


def _ranked(ranking: Ranking) -> list[tuple[str, float]]:
    return sorted(zip(ranking.rows, ranking.mean_ranks, strict=True), key=lambda pair: pair[1])


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|")
