"""Make an index of the clouds of folders, or update one: conclu index FOLDER -o INDEX."""

from __future__ import annotations

import argparse
from pathlib import Path

from conclu_pyg.cli.encoder_options import (
    DEFAULT_ENCODER,
    add_block_options,
    add_encoder_options,
    load_chosen_encoder,
)
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.terminal import console
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.text import pluralize

EXAMPLES = """examples:
  conclu index parts/ -o parts.index            make it; again after files were added, changed or removed
  conclu index --remove old/ -o parts.index     forget the files of parts/old/, which stay on the disk
  conclu index tiles/ --block-size 30 -o tiles.index   blocks of airborne scans, each 30 m wide
  conclu search parts.index query.stl"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="*", default=[], metavar="folder", help="folders of clouds and meshes")
    parser.add_argument("-o", "--out", required=True, type=Path, metavar="INDEX", help="folder of the index")
    parser.add_argument(
        "--remove", nargs="+", default=[], metavar="NAME", help="files or folders, by their names in the index"
    )
    add_block_options(parser)
    add_encoder_options(parser, f"that of the index, or {DEFAULT_ENCODER}")
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.inference.inputs import find_inputs

    silence(options)
    if not options.inputs and not options.remove:
        raise ConfigError("nothing to do; give a folder of clouds, or --remove NAME.")
    for name in options.inputs:
        if Path(name).is_file():  # the other files of its folder would count as removed
            raise ConfigError(f"expected folders of clouds, got the file {name}; give its folder.", got=name)
    inputs = find_inputs(options.inputs, max_files=None) if options.inputs else None

    from conclu_pyg.inference.index_storage import open_index
    from conclu_pyg.inference.index_update import remove_from_index, update_index
    from conclu_pyg.io.find_files import is_index

    document: dict[str, object] = {"index": str(options.out)}
    if options.remove:
        index = remove_from_index(options.out, [name.rstrip("/") for name in options.remove])
        console.print(f"{options.out}: {pluralize(len(index.x), 'cloud')} left")
    errors: tuple[str, ...] = ()
    if inputs is not None:
        for sentence in inputs.skipped:
            console.print(sentence)
        known = str(open_index(options.out).about["encoder"]) if is_index(options.out) else DEFAULT_ENCODER
        encoder = load_chosen_encoder(options, known)
        index, update = update_index(
            options.out,
            encoder,
            inputs.input_roots,
            up_axis=options.up,
            block_size=options.block_size,
            block_overlap=options.block_overlap,
            workers=options.workers,
        )
        errors = update.errors
        for error in errors:
            console.print(f"not indexed: {error}", style="yellow")
        console.print(
            f"{options.out}: {pluralize(len(index.x), 'cloud')} of {pluralize(len(index.files), 'file')} "
            f"({pluralize(update.added, 'file')} added, {update.changed:,} changed, {update.removed:,} removed, "
            f"{update.unchanged:,} unchanged)"
        )
        changes = {name: getattr(update, name) for name in ("added", "changed", "removed", "unchanged")}
        document |= {**changes, "errors": errors, **index.about}
    if options.json:
        print_json({**document, "clouds": len(index.x)})
    if errors:
        raise DataError(f"{pluralize(len(errors), 'file or cloud', 'files or clouds')} could not be indexed.")
