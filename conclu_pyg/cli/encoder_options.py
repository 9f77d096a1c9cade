"""Options of the commands that embed files."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.trust import add_allow_imports
from conclu_pyg.cli.values import one_of, positive_float, positive_int
from conclu_pyg.device import DEVICES

if TYPE_CHECKING:
    from conclu_pyg.runs.frozen_encoder import FrozenEncoder

DEFAULT_ENCODER = "conclu_pointnet_shapes"


def add_encoder_options(parser: argparse.ArgumentParser, default: str = DEFAULT_ENCODER) -> None:
    parser.add_argument(
        "--encoder",
        metavar="NAME|RUN|FILE",
        help=f"encoder: a name that `conclu list` prints, a run folder or a checkpoint (default: {default})",
    )
    parser.add_argument("--up", **one_of("xyz"), help="up axis of the files (default: that of the encoder's training)")
    parser.add_argument(
        "--workers", type=positive_int, metavar="N", help="processes that read files (default: one for each core)"
    )
    parser.add_argument("--device", default="auto", **one_of(DEVICES), help="device of the encoder (default: auto)")
    add_allow_imports(parser, "the encoder's run names")


def add_block_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--block-size",
        type=positive_float,
        metavar="S",
        help="cut clouds, such as tiles of airborne scans, into horizontal squares with sides of this length, in the "
        "units of the files; each block is a cloud (default: whole clouds)",
    )
    parser.add_argument(
        "--block-overlap",
        type=float,
        metavar="SHARE",
        help="share of a side that neighbouring blocks have in common, from 0 and below 1 (default: 0.5)",
    )


def load_chosen_encoder(options: argparse.Namespace, default: str = DEFAULT_ENCODER) -> FrozenEncoder:
    """Loads the encoder that the options name, on its device."""
    from conclu_pyg.runs.folder import find_checkpoint

    name = options.encoder or default
    find_checkpoint(name)  # raises before the import of torch, which takes seconds
    announce_loading()
    from conclu_pyg.device import choose_device
    from conclu_pyg.runs.frozen_encoder import load_encoder

    return load_encoder(name, allow_imports=options.allow_imports).to(choose_device(options.device))
