"""Write a page to look at, of a run, an index or a folder of clouds: conclu report RUN_OR_INDEX_OR_FOLDER."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from conclu_pyg.cli.encoder_options import add_encoder_options, load_chosen_encoder
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.values import output_file, positive_int
from conclu_pyg.errors import ConfigError
from conclu_pyg.text import pluralize, printable

if TYPE_CHECKING:
    from conclu_pyg.reports.options import ReportOptions
    from conclu_pyg.reports.outline import Written

SHOWN = 10  # sentences that are printed
EXAMPLES = """examples:
  conclu report parts.index -o parts.html                     map, clusters and retrieval of an index
  conclu report parts.index --tsne --duplicates -k 30
  conclu report parts/ --encoder runs/mine --up y             a folder of clouds, which is embedded first"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources", nargs="+", metavar="source", help="folder of an index, or folders of clouds and meshes"
    )
    parser.add_argument(
        "-o", "--out", type=output_file, default=Path("report.html"), metavar="FILE", help="(default: report.html)"
    )
    parser.add_argument(
        "--tsne", action="store_true", help="lay out the map by t-SNE too, which takes minutes for 10,000 clouds"
    )
    parser.add_argument(
        "--duplicates",
        action="store_true",
        help="search an index or a folder for duplicates, which takes long for many clouds",
    )
    parser.add_argument(
        "--labels",
        metavar="folders|FILE",
        help="labels of an index or a folder: 'folders', or a CSV with columns file,class (default: the folders, if "
        "there are several)",
    )
    parser.add_argument(
        "-k",
        type=positive_int,
        metavar="K",
        help="number of clusters (default: the square root of half the number of clouds, 2 to 50)",
    )
    parser.add_argument(
        "--clouds",
        type=positive_int,
        metavar="N",
        help="largest number of clouds (default: 10,000 of an index or a folder)",
    )
    add_encoder_options(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.io.find_files import is_index

    silence(options)
    chosen = [source for source in options.sources if is_index(source)]
    if chosen and len(options.sources) > 1:
        raise ConfigError(
            f"expected one index, or folders of clouds, got {len(options.sources)} names with {chosen[0]}."
        )
    written = (_of_index if chosen else _of_files)(options)
    for sentence in written.left_out[:SHOWN]:
        console.print(printable(f"left out: {sentence}"))
    size = written.path.stat().st_size
    console.print(
        f"page: {written.path} ({pluralize(written.clouds, 'cloud')}, {pluralize(len(written.sections), 'section')}, "
        f"{size / 1e6:.1f} MB)"
    )
    if options.json:
        print_json(
            {
                "page": printable(written.path),
                "bytes": size,
                "clouds": written.clouds,
                "sections": [printable(title) for title in written.sections],
                "left_out": [printable(sentence) for sentence in written.left_out],
            }
        )


def _of_index(options: argparse.Namespace) -> Written:
    announce_loading()
    from conclu_pyg.inference.index_storage import open_index
    from conclu_pyg.reports.of_index import report_index

    (source,) = options.sources
    return report_index(open_index(source), options.out, _report_options(options))


def _of_files(options: argparse.Namespace) -> Written:
    from conclu_pyg.inference.inputs import find_inputs

    inputs = find_inputs(options.sources, max_files=None)
    encoder = load_chosen_encoder(options)

    from conclu_pyg.reports.of_index import report_files

    return report_files(inputs, encoder, options.out, _report_options(options), up_axis=options.up)


def _report_options(options: argparse.Namespace) -> ReportOptions:
    from conclu_pyg.reports.options import ReportOptions

    return ReportOptions(
        title=f"Report of {', '.join(options.sources)}",
        labels=options.labels,
        k=options.k,
        clouds=options.clouds,
        with_tsne=options.tsne,
        with_duplicates=options.duplicates,
        workers=options.workers,
    )
