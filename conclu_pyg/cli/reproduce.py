"""Reproduce a table of methods with equal budgets: conclu reproduce TABLE [--budget quick|cpu|paper]."""

from __future__ import annotations

import argparse
from pathlib import Path

from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.values import positive_int
from conclu_pyg.errors import ConcluError
from conclu_pyg.text import pluralize

EXAMPLES = """examples:
  conclu reproduce table1                                   built-in shapes, a few minutes
  conclu reproduce table1 --budget cpu --jobs 2 datasets.ModelNet40.dataset_path=data/modelnet40 \\
    datasets.ModelNet10.dataset_path=data/modelnet10
  conclu reproduce table1 --only BYOL,OcCo/DGCNN --seeds 1
  conclu reproduce configs/tables/table3.yaml -o runs/ablation --json

The same command goes on where an earlier one was interrupted. A row that fails does not stop the others; it is named at
the end, with exit status 2, and tried again by the next call."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", help="a table file, or the name of one of the package: table1, table2 or table3")
    parser.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="key=value",
        help="changes a value of the table, for example datasets.ModelNet40.dataset_path=FOLDER or "
        "budgets.cpu.epochs=5",
    )
    parser.add_argument(
        "--budget", default="quick", metavar="NAME", help="budget of the table, such as cpu or paper (default: quick)"
    )
    parser.add_argument(
        "--seeds", type=positive_int, metavar="N", help="seeds 0 to N - 1 of each row (default: as in the budget)"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAMES",
        help="methods, encoders or METHOD/ENCODER, separated by commas (default: all rows)",
    )
    parser.add_argument(
        "--jobs",
        type=positive_int,
        default=1,
        metavar="N",
        help="trainings side by side, in one thread each (1)",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder of the trainings, records and tables (default: runs/reproduce_TABLE_BUDGET)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    silence(options)
    announce_loading()
    from conclu_pyg.reproduction.pages import markdown
    from conclu_pyg.reproduction.reproduce import reproduce

    result = reproduce(
        options.table,
        budget=options.budget,
        seeds=options.seeds,
        only=[name for word in options.only for name in word.split(",") if name],
        jobs=options.jobs,
        folder=options.out,
        overrides=options.overrides,
    )
    for line in markdown(result).rstrip().split("\n"):
        console.print(line)
    console.print(f"records, table.md, table.html and table.json: {result.plan.folder}")
    if options.json:
        print_json(result.as_dict())
    if result.failures:
        failed = "; ".join(f"{label}: {error.rstrip('.')}" for label, error in result.failures.items())
        raise ConcluError(
            f"{pluralize(len(result.failures), 'job')} failed, all others are done: {failed}. The same command tries "
            "again what failed."
        )
