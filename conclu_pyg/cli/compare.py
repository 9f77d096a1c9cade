"""Compare runs: the differences of their configs, their curves and their results: conclu compare RUN RUN."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console
from conclu_pyg.text import pluralize, printable

if TYPE_CHECKING:
    from conclu_pyg.reports.compare import Comparison

EXAMPLES = """examples:
  conclu compare runs/a runs/b
  conclu compare runs/a runs/b runs/c -o compare.html         curves and results side by side
  conclu compare runs/a runs/b --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="run", help="folders or checkpoints of 2 to 12 runs")
    add_output(parser, "-o", "--out", help="page with curves and tables")
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    silence(options)
    from conclu_pyg.reports.compare import compare_runs

    comparison = compare_runs(options.runs)
    _show(comparison)
    if options.out:
        comparison.write(options.out)
        console.print(f"page: {options.out}")
    if options.json:
        print_json(comparison.as_dict())


def _show(comparison: Comparison) -> None:
    from conclu_pyg.reports.compare import as_text, number, value_with_interval

    names = comparison.names
    equal = pluralize(comparison.num_equal, "further key")
    _table(
        f"configs; {equal} have the same value",
        ["key", *names],
        [[key, *map(as_text, row)] for key, row in comparison.differences.items()],
    )
    _table("last epoch", ["metric", *names], [[n, *map(number, row)] for n, row in comparison.last_metrics.items()])
    results = [
        ["{}, {} on {}, {}".format(*row.way), *map(value_with_interval, row.records)] for row in comparison.results
    ]
    if results:
        _table("results in percent", ["measured", *names], results)
        for protocol in dict.fromkeys(row.way.protocol for row in comparison.results):
            console.print(f"protocol: {printable(protocol)}")


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table

    table = Table(title=title)
    for name in header:
        table.add_column(printable(name), overflow="fold")
    for row in rows:
        table.add_row(*map(printable, row))
    console.print(table)
