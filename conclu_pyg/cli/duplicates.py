"""Find the clouds of an index that are the same shape, with evidence: conclu duplicates INDEX."""

from __future__ import annotations

import argparse
from collections import Counter

from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.values import positive_int
from conclu_pyg.errors import DataError
from conclu_pyg.text import pluralize

COLUMNS = (
    *("a", "b", "kind", "distance", "worst", "noise", "scale", "rotation_degrees"),
    *("mirrored", "shares_points", "similarity"),
)
EXAMPLES = """examples:
  conclu duplicates parts.index --csv pairs.csv --html pairs.html
  conclu duplicates parts.index --labels folders --alike 0       with a note where the labels of a pair differ
  conclu duplicates parts.index --between '*/test/*' '*/train/*' --labels folders      copies in both splits

Nothing is deleted. Distances are in diagonals of the bounding box of the first shape; noise is the distance that two
samples of one surface have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", help="folder of an index of conclu index; its files are read again")
    parser.add_argument(
        "--alike",
        type=float,
        default=2.0,
        metavar="X",
        help="also list pairs that are alike but not the same, up to X times the noise (default: 2; 0: none)",
    )
    parser.add_argument(
        "--candidates",
        type=positive_int,
        default=10,
        metavar="N",
        help="nearest neighbours that each cloud is compared with, by embedding and by rotation-free quantities "
        "(default: 10)",
    )
    parser.add_argument(
        "--between",
        nargs=2,
        metavar=("PATTERN", "OTHERS"),
        help="compare each cloud whose name in the index matches PATTERN with those that match OTHERS, and no others; "
        "* matches / too (default: all with all)",
    )
    parser.add_argument(
        "--labels",
        metavar="folders|FILE",
        help="'folders', or a CSV with columns file,class: shows where labels differ",
    )
    add_output(parser, "--csv", help="table with a row for each pair")
    add_output(parser, "--html", help="page with the pairs side by side")
    parser.add_argument(
        "--workers", type=positive_int, metavar="N", help="processes that read and compare (default: one for each core)"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    silence(options)
    announce_loading()
    from conclu_pyg.inference.cloud_labels import labels_of
    from conclu_pyg.inference.duplicates import find_duplicates, groups_of
    from conclu_pyg.inference.index_storage import open_index

    index = open_index(options.index)
    labels = labels_of(index.names, options.labels)
    pairs, problems = find_duplicates(
        index,
        candidates=options.candidates,
        alike=options.alike,
        between=tuple(options.between) if options.between else None,
        workers=options.workers,
    )
    conflicts = [
        f"{labels[a]} and {labels[b]}" if labels is not None and labels[a] != labels[b] else ""
        for a, b in (pair.rows for pair in pairs)
    ]
    for pair, conflict in zip(pairs, conflicts, strict=True):
        console.print(pair.evidence.sentence + (f" Their labels differ: {conflict}." if conflict else ""))
    counts = Counter(pair.evidence.kind for pair in pairs)
    groups = groups_of(pairs)
    console.print(
        f"{pluralize(len(pairs), 'pair')} ({', '.join(f'{n:,} {kind}' for kind, n in counts.items()) or 'none'}); "
        f"{pluralize(sum(map(len, groups)) - len(groups), 'cloud')} could be left out, of {len(index.names):,}"
    )
    if shared := [row for row, pair in enumerate(pairs) if pair.evidence.shares_points]:
        differ = (
            f"; {sum(bool(conflicts[row]) for row in shared):,} with different labels" if labels is not None else ""
        )
        console.print(
            f"identical or nearer than two random samples, and so with points in common unless both are spaced evenly: "
            f"{pluralize(len(shared), 'pair')}{differ}"
        )
    if labels is not None:
        same = sum(bool(conflict) and pair.evidence.same for pair, conflict in zip(pairs, conflicts, strict=True))
        console.print(
            f"labels differ: {pluralize(same, 'pair')} of the same shape, "
            f"{pluralize(sum(map(bool, conflicts)) - same, 'pair')} of similar ones"
        )
    if options.csv:
        from conclu_pyg.inference.table import write_table

        rows = ([pair.as_dict()[name] for name in COLUMNS] for pair in pairs)
        ends = ([conflict] for conflict in conflicts) if labels is not None else ([] for _ in pairs)
        columns = [*COLUMNS, *([] if labels is None else ["labels_differ"])]
        write_table(options.csv, columns, ([*row, *end] for row, end in zip(rows, ends, strict=True)))
        console.print(f"table: {options.csv}")
    if options.html:
        from conclu_pyg.inference.pages import write_duplicate_page

        write_duplicate_page(options.html, index, pairs, conflicts, f"Duplicates in {options.index}")
        console.print(f"page: {options.html}")
    if options.json:
        document = {"pairs": [pair.as_dict() for pair in pairs], "problems": problems}
        print_json({**document, "groups": [[index.names[row] for row in group] for group in groups]})
    if problems:
        raise DataError(f"{pluralize(len(problems), 'problem')}, the first: {problems[0]}")
