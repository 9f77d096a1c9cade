"""Write a page to look at, of a run, an index or a folder of clouds: conclu report RUN_OR_INDEX_OR_FOLDER."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conclu_pyg.cli.encoder_options import add_encoder_options, load_chosen_encoder
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.unused_options import refuse_unused
from conclu_pyg.cli.values import one_of, positive_int
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.runs.folder import STAGES_NAME
from conclu_pyg.text import pluralize, printable

if TYPE_CHECKING:
    from conclu_pyg.reports.options import ReportOptions
    from conclu_pyg.reports.outline import Written

OVERRIDE = re.compile(r"[a-z]\w*(\.\w+)*=")
SHOWN = 10  # sentences that are printed
EXAMPLES = """examples:
  conclu report runs/mine -o mine.html                        curves, results, prototypes and predictions of a run
  conclu report parts.index -o parts.html                     map, clusters and retrieval of an index
  conclu report parts.index --tsne --duplicates -k 30
  conclu report parts/ --encoder runs/mine --up y             a folder of clouds, which is embedded first"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="source",
        help="folder of a run or an index, or folders of clouds and meshes; of a run also overrides such as "
        "dataset.dataset_path=FOLDER, if its data set was moved",
    )
    add_output(parser, "-o", "--out", default=Path("report.html"), help="(default: report.html)")
    parser.add_argument(
        "--tsne", action="store_true", help="lay out the map by t-SNE too, which takes minutes for 10,000 clouds"
    )
    parser.add_argument(
        "--duplicates",
        action="store_true",
        help="search for duplicates among the clouds, which takes long for many of them",
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
        type=_clouds,
        metavar="N",
        help="largest number of clouds, at most 20,000 (default: 10,000 of an index or a folder, 1,000 of a run's "
        "split)",
    )
    parser.add_argument("--split", **one_of(("train", "test")), help="clouds of a run's data set (default: test)")
    add_encoder_options(parser)
    add_json(parser)


def _clouds(text: str) -> int:
    from conclu_pyg.vis.report.cloud_map import MAX_CLOUDS

    number = positive_int(text)
    if number > MAX_CLOUDS:
        raise argparse.ArgumentTypeError(f"must be at most {MAX_CLOUDS:,}, got {text}")
    return number


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.io.find_files import is_index

    silence(options)
    overrides = [word for word in options.sources if OVERRIDE.match(word) and not Path(word).exists()]
    sources = [word for word in options.sources if word not in overrides]
    kinds = [kind for is_kind, kind in ((_is_run, _of_run), (is_index, _of_index)) if any(map(is_kind, sources))]
    if not sources or (kinds and len(sources) != 1):
        raise ConfigError(f"expected one run, one index, or folders of clouds, got {', '.join(sources) or 'none'}.")
    if overrides and kinds != [_of_run]:
        raise ConfigError(f"expected a run for the override {overrides[0]}, got {sources[0]}.", got=overrides[0])
    written = (kinds or [_of_files])[0](options, sources, overrides)
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
                "refused": [printable(sentence) for sentence in written.refused],
            }
        )
    if written.refused:
        count = pluralize(len(written.refused), "file or cloud", "files or clouds")
        raise DataError(f"{count} could not be used, the first: {written.refused[0]}")


def _is_run(source: str) -> bool:
    from conclu_pyg.io.find_files import is_run

    return is_run(Path(source)) or Path(source, STAGES_NAME).is_file()


def _of_run(options: argparse.Namespace, sources: Sequence[str], overrides: Sequence[str]) -> Written:
    unused = ("encoder", "up", "labels")
    refuse_unused(options, unused, "a run has its own encoder, and its data set has the clouds and labels")
    if not options.duplicates:
        refuse_unused(options, ("workers",), "of a run, only --duplicates reads files in several processes")
    announce_loading()
    from conclu_pyg.methods.base import clusters_of
    from conclu_pyg.reports.of_run import report_run
    from conclu_pyg.runs.loaded_run import load_run

    device = [] if options.device == "auto" else [f"pipeline.device={options.device}"]
    loaded = load_run(sources[0], [*overrides, *device], allow_imports=options.allow_imports)
    if clusters_of(loaded.method) is not None:
        refuse_unused(options, ("k",), "the method has prototypes, whose number the training fixed")
    return report_run(loaded, options.out, _report_options(options), split_name=options.split or "test")


def _of_index(options: argparse.Namespace, sources: Sequence[str], overrides: Sequence[str]) -> Written:
    unused = ("encoder", "up", "device", "split", "allow_imports")
    refuse_unused(options, unused, "an index has its embeddings, and no file is embedded")
    announce_loading()
    from conclu_pyg.inference.index_storage import open_index
    from conclu_pyg.reports.of_index import report_index

    return report_index(open_index(sources[0]), options.out, _report_options(options))


def _of_files(options: argparse.Namespace, sources: Sequence[str], overrides: Sequence[str]) -> Written:
    from conclu_pyg.inference.inputs import find_inputs

    refuse_unused(options, ("split",), "only the data set of a run has splits")
    inputs = find_inputs(sources, max_files=None)
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
