"""Measure time and memory, compared with reference implementations: tools/benchmark.py [CASE ...] [--json FILE]"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch
from rich.console import Console
from rich.markdown import Markdown

from benchmarks.cases import CASES
from benchmarks.machine import machine_facts
from benchmarks.plots import plot_report
from benchmarks.report import Run, start_report, write_report
from benchmarks.runner import Runner
from benchmarks.tables import RATIO_NOTE, case_markdown, machine_sentence, write_page
from conclu_pyg.cli.main import run_command
from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.runs.records import command_line
from conclu_pyg.suggestions import suggest

LOG_WIDTH = 140  # characters of a table that is not printed to a terminal


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status, as ``conclu`` does."""
    return run_command("tools/benchmark.py", sys.modules[__name__], arguments)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cases", nargs="*", metavar="case", help=f"any of {', '.join(CASES)} (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE; keeps its other cases")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="device to measure (default: cpu)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, as a smoke test")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="another checkout of the project, to which `checkouts`, `reading`, `frozen` and `folders` are compared",
    )
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="plot ratios and scaling into FOLDER")
    parser.add_argument(
        "--page", type=Path, metavar="PAGE", help="only write the tables of the JSON files that PAGE names into PAGE"
    )


def run(options: argparse.Namespace) -> None:
    if options.page is None:
        logging.basicConfig(format="  %(message)s")
        logging.getLogger("benchmarks").setLevel(logging.INFO)
        measure_cases(options)
        return
    if options.cases or options.json or options.plots or options.quick or options.against or options.device != "cpu":
        raise ConfigError("--page measures nothing and must be the only option; measure first, without --page.")
    write_page(options.page)
    print(f"written: {options.page}")


def measure_cases(options: argparse.Namespace) -> None:
    """Measure the chosen cases; print the table of each and update the JSON file after each.

    Raises:
        ConfigError: a case or the device does not exist.
        ConcluError: a file cannot be written, or the JSON file has other contents or figures of another machine.
    """
    for name in options.cases:
        if name not in CASES:
            raise ConfigError(f"unknown benchmark {name!r}{suggest(name, CASES)} Available: {', '.join(CASES)}.")
    if options.against and not (options.against / "conclu_pyg").is_dir():
        raise ConfigError(f"expected a checkout with the folder conclu_pyg, got --against {options.against}.")
    chosen = [case for case in CASES if case in options.cases or not options.cases]
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"PyTorch {torch.__version__} finds no CUDA device; use --device cpu.")
    device = torch.device(options.device)
    for folder in filter(None, [options.json and options.json.parent, options.plots]):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise ConcluError(f"cannot write to {folder}; choose another folder.")
    report = start_report(options.json, {**machine_facts(device), "quick": options.quick}, chosen)
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH, highlight=False, markup=False, emoji=False)
    console.print(f"{machine_sentence(report)} {RATIO_NOTE}")
    for case in chosen:
        console.print(f"measuring {case}")
        date, start = datetime.now(UTC).date().isoformat(), time.perf_counter()
        torch.manual_seed(0)
        CASES[case](Runner(case, device, options.quick, options.against, report))
        report.runs.append(Run(case, date, command_line(), time.perf_counter() - start))
        console.print(Markdown(case_markdown(report, report.runs[-1])))
        if options.json is not None:
            write_report(options.json, report)
            print(f"written: {options.json}")
    for path in plot_report(report, options.plots) if options.plots else []:
        print(f"written: {path}")
