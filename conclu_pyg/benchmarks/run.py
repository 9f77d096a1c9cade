"""Measuring the cases that were asked for, one after another, and keeping what they give."""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import torch
from rich.progress import Progress, TaskID

from conclu_pyg.benchmarks import cases as cases_package
from conclu_pyg.benchmarks.bench import Bench
from conclu_pyg.benchmarks.machine import benchmark_device, machine_facts
from conclu_pyg.benchmarks.plots import plot_report
from conclu_pyg.benchmarks.report import Note, Report, Row, Run, read_report, write_report
from conclu_pyg.benchmarks.table import RATIO_NOTE, machine_sentence, print_table
from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.progress import console, progress_bar
from conclu_pyg.runs.records import command_line
from conclu_pyg.suggestions import suggest

CASES = ("neighbors", "edge_conv", "pooled_linear", "views", "step", "embed", "scaling", "roofline")


def run_benchmarks(
    names: Sequence[str] = (),
    json_path: Path | None = None,
    device: str = "cpu",
    quick: bool = False,
    plots: Path | None = None,
) -> Report:
    """Measures cases, shows a table of each, and writes what is asked for after each.

    Args:
        names: the cases (default: all).
        json_path: the file to write; one that exists keeps its other cases, if they are of the same machine and
            versions (default: none).
        device: ``cpu`` or ``cuda`` (default: cpu).
        quick: tiny sizes, to see that everything goes (default: false).
        plots: the folder for the pictures (default: none).

    Raises:
        ConfigError: an unknown case, or a device that is not there.
        ConcluError: the file or the folder cannot be written, or the file holds something else or another machine's
            figures.
    """
    chosen = check_names(names)
    where = benchmark_device(device)
    report = Report({**machine_facts(where), "quick": quick})
    if json_path is not None:
        check_writable(json_path)
        report = _beside_others(json_path, report, chosen)
    if plots is not None:
        check_writable(plots / "picture.png")
    console.print(f"{machine_sentence(report)} {RATIO_NOTE}")
    with progress_bar() as bar:
        for number, name in enumerate(chosen, start=1):
            task = bar.add_task(f"{name} ({number}/{len(chosen)})", total=None, status="")
            console.print(f"measuring {name}")
            _measure(name, report, Bench(where, quick, partial(_show, bar, task)))
            bar.remove_task(task)
            if json_path is not None:
                write_report(json_path, report)
    for path in ([json_path] if json_path else []) + (plot_report(report, plots) if plots else []):
        console.print(f"written: {path}")
    return report


def check_names(names: Sequence[str]) -> list[str]:
    """The cases in the order of :data:`CASES`, each once; all where none is named.

    Raises:
        ConfigError: an unknown one.
    """
    for name in names:
        if name not in CASES:
            raise ConfigError(f"there is no benchmark {name!r}{suggest(name, CASES)} There are: {', '.join(CASES)}.")
    return [case for case in CASES if case in names or not names]


def check_writable(path: Path) -> None:
    """Makes the folder of a file that is written later.

    Raises:
        ConcluError: the file cannot be written, which is better known before measuring.
    """
    reason = "it is a folder" if path.is_dir() else None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        reason = f"{error.strerror}: {error.filename}"
    if reason is not None:
        raise ConcluError(f"{path} cannot be written: {reason}; give another path.")


def _show(bar: Progress, task: TaskID, status: str) -> None:
    bar.update(task, status=status)


def _measure(name: str, report: Report, bench: Bench) -> None:
    """Adds what a case gives to the report, and shows it."""
    began, date = time.perf_counter(), datetime.now(UTC).date().isoformat()
    torch.manual_seed(0)
    entries = list(importlib.import_module(f"{cases_package.__name__}.{name}").run(bench))
    for entry in entries:
        report.add(entry)
    report.add(Run(name, date, command_line(), time.perf_counter() - began))
    rows = [entry for entry in entries if isinstance(entry, Row)]
    if rows:
        print_table(name, rows)
    for entry in entries:
        if isinstance(entry, Note):
            console.print(f"{name}: {entry.sentence}")


def _beside_others(path: Path, report: Report, chosen: Sequence[str]) -> Report:
    """The report with the other cases that the file has already.

    Raises:
        ConcluError: they were measured elsewhere, or otherwise.
    """
    if not path.exists():
        return report
    old = read_report(path).without(chosen)
    differs = [key for key, value in report.machine.items() if old.machine.get(key) != value]
    if old.runs and differs:
        key = differs[0]
        raise ConcluError(
            f"{path} has cases measured with {key}={old.machine.get(key)!r}, here it is {report.machine[key]!r}; give "
            "another file, or measure all its cases again."
        )
    return replace(old, machine=report.machine)
