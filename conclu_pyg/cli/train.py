"""Train what a config describes: tools/train.py CONFIG [section.key=value ...]"""

from __future__ import annotations

import argparse

from conclu_pyg.config import load_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="a YAML file, such as configs/conclu_pointnet.yaml")
    parser.add_argument(
        "overrides", nargs="*", default=[], metavar="section.key=value", help="such as pipeline.epochs=10"
    )


def run(options: argparse.Namespace) -> None:
    config = load_config(options.config, options.overrides)

    from conclu_pyg.engine.progress import console
    from conclu_pyg.pipelines.build import build_pipeline

    folder = build_pipeline(config).run_train()
    console.print(f"trained: {folder}")
