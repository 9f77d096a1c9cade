"""Train what a config describes: tools/train.py CONFIG [section.key=value ...]"""

from __future__ import annotations

import argparse
from pathlib import Path

from conclu_pyg.cli.patience import announce_loading
from conclu_pyg.config import resolve
from conclu_pyg.config_files import read_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="a YAML file, such as configs/conclu_pointnet.yaml")
    parser.add_argument(
        "overrides", nargs="*", default=[], metavar="section.key=value", help="such as pipeline.epochs=10"
    )


def run(options: argparse.Namespace) -> None:
    path = Path(options.config)
    config = read_config(path)  # fails before PyTorch is imported, which the check takes
    announce_loading()
    config = resolve(config, options.overrides, str(path), path.parent)

    from conclu_pyg.pipelines.build import build_pipeline

    print(f"trained: {build_pipeline(config, options.config).run_train()}")
