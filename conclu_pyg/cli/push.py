"""Upload the encoder of a run to the Hugging Face Hub, with a model card: conclu push RUN OWNER/NAME."""

from __future__ import annotations

import argparse
from pathlib import Path

from conclu_pyg.catalog import WEIGHTS
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.trust import add_allow_imports
from conclu_pyg.errors import ConfigError

EXAMPLES = """examples:
  conclu push runs/mine --licence mit --out card/            write the files, and upload nothing
  conclu push runs/mine me/my_encoder --licence cc-by-4.0 --private
  conclu embed parts/ -o parts.npz --encoder hf:me/my_encoder

Loggers and the run folder are left out; absolute paths in the config and the command line become their last part."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_argument(
        "run", help="a run folder, a checkpoint, or an encoder that `conclu list weights` prints"
    )
    vars(source)["names"] = WEIGHTS  # for `conclu completion`
    parser.add_argument("repository", nargs="?", metavar="owner/name", help="where to upload it (default: nowhere)")
    parser.add_argument(
        "--licence",
        metavar="ID",
        help="licence of the weights, which depends on the data, as the hub names it: mit, cc-by-4.0, other ... "
        "(default: that of the card of a folder that this command wrote)",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="also write the files there")
    parser.add_argument("--private", action="store_true", help="make a new repository private (default: public)")
    add_allow_imports(parser)


def run(options: argparse.Namespace) -> None:
    if options.repository is None and options.out is None:
        raise ConfigError("expected owner/name to upload to, or --out FOLDER to write the files to; got neither.")
    announce_loading()
    from conclu_pyg.runs.hub import HubEncoder

    encoder = HubEncoder.from_run(options.run, options.licence, allow_imports=options.allow_imports)
    if options.out is not None:
        if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
            raise ConfigError(f"--out {options.out} exists already; give a new or empty folder.", file=options.out)
        encoder.save_pretrained(options.out, model_card_kwargs={"repository": options.repository or "owner/name"})
        console.print(f"written: {options.out}")
    if options.repository is not None:
        address = encoder.push_to_hub(options.repository, private=options.private or None)
        console.print(f"uploaded: {address}")
