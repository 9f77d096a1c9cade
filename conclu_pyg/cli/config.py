"""Print a config over its bases and with overrides, as one YAML file: conclu config CONFIG."""

from __future__ import annotations

import argparse
import sys

from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console
from conclu_pyg.config_files import dump_config, read_config
from conclu_pyg.files import atomic_write
from conclu_pyg.shipped_configs import find_config

EXAMPLES = """examples:
  conclu config conclu_pointnet                                   what conclu train conclu_pointnet uses
  conclu config conclu_pointnet pipeline.epochs=10 -o mine.yaml   a file without _base_, as Open3D-ML reads it"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="a YAML file, or the name of a config of the package, such as conclu_pointnet")
    parser.add_argument(
        "overrides", nargs="*", default=[], metavar="section.key=value", help="changes a value, as for conclu train"
    )
    add_output(parser, "-o", "--out", help="file to write (default: the standard output)")


def run(options: argparse.Namespace) -> None:
    path = find_config(options.config)
    config = read_config(path)  # fails before PyTorch is imported, which the check takes
    if options.out is None:
        console.quiet = True  # the standard output has the YAML alone
    announce_loading()
    from conclu_pyg.config import resolve

    text = dump_config(resolve(config, options.overrides, str(path), path.parent))
    if options.out is None:
        sys.stdout.write(text)
        return
    with atomic_write(options.out) as file:
        file.write(text.encode())
    console.print(f"written: {options.out}")
