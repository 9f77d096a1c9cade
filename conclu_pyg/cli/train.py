"""Train what a config describes: tools/train.py CONFIG [section.key=value ...]"""

from __future__ import annotations

import argparse
from pathlib import Path

from conclu_pyg.cli.patience import announce_loading
from conclu_pyg.config import load_config, named
from conclu_pyg.config_files import read_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="a YAML file, such as configs/conclu_pointnet.yaml")
    parser.add_argument(
        "overrides", nargs="*", default=[], metavar="section.key=value", help="such as pipeline.epochs=10"
    )


def run(options: argparse.Namespace) -> None:
    read_config(Path(options.config))  # a misspelt one is known at once; to check it takes PyTorch
    announce_loading()
    config = load_config(options.config, options.overrides)

    from conclu_pyg.pipelines.build import build_pipeline
    from conclu_pyg.progress import console

    with named(config, options.config):
        pipeline = build_pipeline(config)
    console.print(f"trained: {pipeline.run_train()}")
