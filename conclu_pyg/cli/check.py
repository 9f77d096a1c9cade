"""Check the clouds of folders before training or embedding: conclu check FOLDER."""

from __future__ import annotations

import argparse

from conclu_pyg.cli.encoder_options import add_encoder_options, load_chosen_encoder
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console, print_warning
from conclu_pyg.cli.values import positive_int
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.text import pluralize

REFUSED = 10  # sentences that are printed
EXAMPLES = """examples:
  conclu check parts/                           counts, sizes, units, copies, and how the shipped encoder sees them
  conclu check parts/ --no-encoder --csv parts.csv --html parts.html
  conclu check scans/ --encoder runs/mine --up y --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", metavar="folder", help="folders of clouds and meshes, or files")
    add_encoder_options(parser)
    parser.add_argument(
        "--no-encoder", action="store_true", help="leave out the comparison with an encoder's training data"
    )
    parser.add_argument(
        "--min-points", type=positive_int, default=16, metavar="N", help="smaller clouds are named (default: 16)"
    )
    add_output(parser, "--csv", help="table with a row for each cloud")
    add_output(parser, "--html", help="page with pictures of the odd clouds")
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.inference.inputs import find_inputs

    silence(options)
    if options.no_encoder and options.encoder:
        raise ConfigError("expected --encoder or --no-encoder, got both; leave one out.", argument="encoder")
    inputs = find_inputs(options.inputs, max_files=None)
    encoder = None if options.no_encoder else load_chosen_encoder(options)
    announce_loading()

    from conclu_pyg.inference.check import check_inputs

    check = check_inputs(
        inputs,
        encoder,
        up_axis=options.up,
        min_points=options.min_points,
        workers=options.workers,
        allow_imports=options.allow_imports,
    )
    title = f"Check of {', '.join(options.inputs)}"
    console.print(f"{title}: {check.summary}", style="bold")
    for _, reason in check.refused[:REFUSED]:
        print_warning(f"refused: {reason}")
    if len(check.refused) > REFUSED:
        print_warning(f"refused: {len(check.refused) - REFUSED:,} more; --csv lists all")
    for finding in check.findings:
        if finding.is_warning:
            print_warning(str(finding))
    for line in (*check.skipped, *(finding for finding in check.findings if not finding.is_warning)):
        console.print(str(line))
    if options.csv or options.html:
        from conclu_pyg.inference.check_report import write_check_page, write_check_table

        if options.csv:
            write_check_table(options.csv, check)
            console.print(f"table: {options.csv}")
        if options.html:
            declared = options.up or ("z" if encoder is None else "xyz"[encoder.data_axis])
            write_check_page(options.html, check, title, "xyz".index(declared))
            console.print(f"page: {options.html}")
    if options.json:
        print_json(check.as_dict())
    if check.refused:
        raise DataError(f"{pluralize(len(check.refused), 'file or cloud', 'files or clouds')} cannot be used.")
