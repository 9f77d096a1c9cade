"""Measure time and memory beside the plain forms: tools/benchmark.py [CASE ...] [--json FILE]"""

from __future__ import annotations

import argparse
from pathlib import Path

from conclu_pyg.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "cases", nargs="*", default=[], metavar="case", help="what to measure, such as neighbors or step (default: all)"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the rows there; the other cases in it stay as they are"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to measure (default: cpu)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that everything goes")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw ratios and scaling as pictures there")
    parser.add_argument(
        "--page",
        type=Path,
        metavar="PAGE",
        help="write the tables of the files that a page of the documents names into it, without measuring",
    )


def check_alone(options: argparse.Namespace) -> None:
    """Refuses ``--page`` beside what only measuring would heed.

    Raises:
        ConfigError: there are cases or other options.
    """
    others = [
        *options.cases,
        *(["--json"] if options.json else []),
        *(["--plots"] if options.plots else []),
        *(["--quick"] if options.quick else []),
        *([f"--device {options.device}"] if options.device != "cpu" else []),
    ]
    if others:
        raise ConfigError(
            f"--page measures nothing and stands alone, found {', '.join(others)} beside it; measure first, by a "
            "command without --page."
        )


def run(options: argparse.Namespace) -> None:
    if options.page is not None:
        from conclu_pyg.benchmarks.page import write_page

        check_alone(options)
        write_page(options.page)
        print(f"written: {options.page}")
        return
    from conclu_pyg.benchmarks.run import run_benchmarks

    run_benchmarks(options.cases, options.json, options.device, options.quick, options.plots)
