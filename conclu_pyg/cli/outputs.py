"""Files that commands write: a page of this package is replaced, another existing file only with ``--force``, and one
that may hold clouds never."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from conclu_pyg.io.formats import SUFFIXES
from conclu_pyg.vis.generator import is_own_page

CLOUDS = {*SUFFIXES} - {".csv", ".npz", ".tsv", ".txt"}  # suffixes of clouds that no option's own files have


def add_output(parser: argparse.ArgumentParser, *names: str, **options: Any) -> None:
    """Adds an option for a file to write and, with the first one, ``--force``.

    Args:
        parser: the parser of the command.
        names: the spellings, such as ``-o`` and ``--out``.
        options: further arguments of ``add_argument``, such as ``help``.
    """
    parser.add_argument(*names, type=output_file, metavar="FILE", **options)
    if parser.get_default("force") is None:
        parser.add_argument(
            "--force",
            action="store_true",
            help="replace a file that exists, other than of a format of clouds (default: only a page of conclu)",
        )


def output_file(text: str) -> Path:
    """Returns the path of a file to write, which is checked before the work whose result it is to hold.

    Raises:
        ArgumentTypeError: its folder does not exist or cannot be written, it is a folder itself, or it exists and has a
            suffix of clouds, so that it may be a scan.
    """
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}; make it, or give another place")
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"expected a file, got the folder {path}; give a name in it")
    if not os.access(path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"the folder {path.parent} cannot be written; give another place")
    if path.exists() and path.suffix.lower() in CLOUDS:
        raise argparse.ArgumentTypeError(f"{path} exists, and may hold clouds; give another name, or remove it")
    return path


def check_outputs(actions: list[argparse.Action], options: argparse.Namespace) -> None:
    """Raises an error if an output would replace a file that is no page of this package, and ``--force`` is not given.

    Args:
        actions: those of the parser; the ones of :func:`add_output` are checked.
        options: the parsed options.

    Raises:
        ArgumentError: an output exists.
    """
    for action in actions:
        path = getattr(options, action.dest, None) if action.type is output_file else None
        if path is None or options.force or not path.exists():
            continue
        if not (path.is_file() and os.access(path, os.R_OK) and is_own_page(path)):
            raise argparse.ArgumentError(
                action, f"{path} exists and is no page of conclu; give another name, or replace it by --force"
            )
