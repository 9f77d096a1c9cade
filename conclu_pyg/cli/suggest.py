"""Choose the clouds of an index to label next: conclu suggest INDEX --budget 50."""

from __future__ import annotations

import argparse

from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.values import one_of, positive_int
from conclu_pyg.text import pluralize, printable

EXAMPLES = """examples:
  conclu suggest parts.index --budget 50 --csv to_label.csv --html to_label.html
  conclu suggest parts.index --budget 20 --labelled labels.csv      next to the labels that there are
  conclu suggest parts.index --budget 20 --strategy k-center        rare shapes first"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", help="folder of an index of conclu index")
    parser.add_argument("--budget", type=positive_int, required=True, metavar="N", help="clouds to label")
    parser.add_argument(
        "--strategy",
        default="typical",
        **one_of(("typical", "k-center")),
        help="typical clouds of different groups, or the clouds farthest from all others (default: typical)",
    )
    parser.add_argument("--labelled", metavar="FILE", help="CSV with columns file,class of labels that there are")
    parser.add_argument("--seed", type=int, default=0, help="seed of the groups (default: 0)")
    add_output(parser, "--csv", help="table: file,class, whose second column is to be filled in")
    add_output(parser, "--html", help="page with pictures")
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    silence(options)
    announce_loading()
    from conclu_pyg.inference.cloud_labels import labels_of
    from conclu_pyg.inference.index_storage import open_index
    from conclu_pyg.inference.suggest import suggest

    index = open_index(options.index)
    labels = labels_of(index.names, options.labelled) or []
    labelled = [row for row, label in enumerate(labels) if label]
    rows = suggest(index.unit, options.budget, labelled, options.strategy, options.seed)
    names = [index.names[row] for row in rows]
    for place, name in enumerate(names, 1):
        console.print(f"{place:>4}  {name}")
    console.print(f"{pluralize(len(names), 'cloud')} to label of {len(index.names) - len(labelled):,} without a label")
    if options.csv:
        from conclu_pyg.inference.table import write_table

        write_table(options.csv, ["file", "class"], ([name, ""] for name in names))
        console.print(f"table: {options.csv}")
    if options.html:
        from conclu_pyg.inference.pages import write_suggestion_page
        from conclu_pyg.inference.pictures import index_picture

        points = [index_picture(index, row) for row in rows]
        up_axis = "xyz".index(index.about["up_axis"])
        write_suggestion_page(options.html, names, points, f"To label in {options.index}", up_axis)
        console.print(f"page: {options.html}")
    if options.json:
        print_json({"strategy": options.strategy, "clouds": [printable(name) for name in names]})
