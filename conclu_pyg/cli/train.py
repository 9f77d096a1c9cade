"""Train a model as a config describes it."""

from __future__ import annotations

import argparse

from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.config import resolve
from conclu_pyg.config_files import read_config
from conclu_pyg.shipped_configs import find_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="a YAML file, or the name of a config of the package, such as conclu_pointnet")
    parser.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="section.key=value",
        help="changes a value of the config, for example pipeline.epochs=10",
    )


def run(options: argparse.Namespace) -> None:
    path = find_config(options.config)
    config = read_config(path)  # fails before PyTorch is imported, which the check takes
    announce_loading()
    config = resolve(config, options.overrides, str(path), path.parent)

    from conclu_pyg.pipelines.stages import train

    print(f"trained: {train(config, str(path))}")
