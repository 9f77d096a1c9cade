"""Embed the clouds of files and folders: conclu embed FOLDER -o embeddings.npz."""

from __future__ import annotations

import argparse

from conclu_pyg.cli.encoder_options import add_block_options, add_encoder_options, load_chosen_encoder
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console
from conclu_pyg.errors import DataError
from conclu_pyg.text import pluralize

EXAMPLES = """examples:
  conclu embed parts/ -o parts.npz
  conclu embed scans/ more.ply --up y --encoder conclu_dgcnn_shapes -o scans.parquet
  conclu embed parts/ --encoder runs/mine -o parts.npz
  conclu embed tiles/ --block-size 30 -o blocks.npz"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", metavar="file_or_folder", help="clouds and meshes, folders at any depth")
    add_output(parser, "-o", "--out", required=True, help="file: .npz (names, x, about) or .parquet")
    add_block_options(parser)
    add_encoder_options(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.inference.embeddings import check_suffix
    from conclu_pyg.inference.inputs import find_inputs

    silence(options)
    out = check_suffix(options.out)
    inputs = find_inputs(options.inputs, max_files=None)
    for sentence in inputs.skipped:
        console.print(sentence)
    encoder = load_chosen_encoder(options)

    from conclu_pyg.inference.embed import embed_inputs, make_blocks

    blocks = make_blocks(encoder, options.up, options.block_size, options.block_overlap)
    embeddings, errors = embed_inputs(encoder, inputs, up_axis=options.up, blocks=blocks, workers=options.workers)
    for error in errors:
        console.print(f"not embedded: {error}", style="yellow")
    embeddings.save(out)
    console.print(
        f"embeddings of {pluralize(len(embeddings.names), 'cloud')}, {embeddings.x.shape[1]:,} features each: {out} "
        f"(encoder {encoder.source}, fingerprint {encoder.fingerprint})"
    )
    if options.json:
        print_json({"out": str(out), "clouds": len(embeddings.names), "errors": errors, **embeddings.about})
    if errors:
        raise DataError(f"{pluralize(len(errors), 'file or cloud', 'files or clouds')} could not be embedded.")
