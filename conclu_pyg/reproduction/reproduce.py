"""The run of a table: costs, then the cells of both columns, resumed where an earlier call ended."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from conclu_pyg.files import atomic_write, locked, remove_abandoned
from conclu_pyg.progress import progress_bar
from conclu_pyg.reproduction.jobs import Job, records_file
from conclu_pyg.reproduction.kept_table import keep_table
from conclu_pyg.reproduction.pages import write_pages
from conclu_pyg.reproduction.plan import Column, Plan
from conclu_pyg.reproduction.result import Result, collect
from conclu_pyg.reproduction.table_file import read_table, select_rows
from conclu_pyg.reproduction.workers import Finished, Workers
from conclu_pyg.runs.records import command_line, read_records, write_records
from conclu_pyg.text import format_duration

logger = logging.getLogger(__name__)

TABLE_NAME, RESULT_NAME, RECORDS_NAME = "table.yaml", "table.json", "results.json"
JOB_SECONDS = 15.0  # of a job besides the steps of its training, for the estimate of the time that remains


def reproduce(
    path: str | Path,
    *,
    budget: str = "quick",
    seeds: int | None = None,
    only: Sequence[str] = (),
    jobs: int = 1,
    folder: str | Path | None = None,
    overrides: Sequence[str] = (),
) -> Result:
    """Pre-train and measure the rows of a table, and write the table; what an earlier call finished is not repeated.

    A row that fails does not affect the others: it is named in the result, and tried again by the next call.

    Args:
        path: a table file, or the name of one of the package, such as ``table1``.
        budget: name of one of its budgets (default: quick).
        seeds: how many, from 0 on (default: those of the budget).
        only: methods, encoders or ``METHOD/ENCODER`` (default: all rows).
        jobs: trainings side by side, in one thread each (default: 1).
        folder: of all files (default: ``runs/reproduce_TABLE_BUDGET``).
        overrides: see :func:`~conclu_pyg.reproduction.table_file.read_table`.

    Raises:
        ConfigError: a table, name or config that cannot be used, or a folder that holds another table.
        KeyboardInterrupt: after Ctrl-C; the trainings have saved their state.
    """
    table = read_table(path, overrides)
    chosen = table.budget(budget)
    rows = select_rows(table, only)
    target = Path(folder or Path("runs", f"reproduce_{Path(path).stem}_{budget}"))
    plan = Plan(table.under(chosen), chosen, rows, range(seeds or chosen.seeds), target)
    costs = plan.cost_jobs()
    list(plan.cell_jobs("clouds"))  # all configs are checked before the first job
    target.mkdir(parents=True, exist_ok=True)
    with locked(target / TABLE_NAME, timeout=1.0):
        remove_abandoned(target)
        kept = {"budget": budget, **asdict(plan.table), "budgets": {budget: asdict(chosen)}}
        keep_table(target / TABLE_NAME, {**kept, "trainings": plan.trainings()})
        failures: dict[str, str] = {}
        command = command_line()
        with Workers(jobs, target / "logs", sys.argv) as workers:
            _run(workers, costs, "costs of steps", failures, lambda: None)
            columns: list[Column] = ["clouds", "cpu"] if chosen.equal_cpu else ["clouds"]
            cells = {job.folder: job for column in columns for job in plan.cell_jobs(column)}
            _run(workers, cells.values(), "cells", failures, lambda: _write(plan, budget, command, failures))
        return _write(plan, budget, command, failures)


def _run(
    workers: Workers, jobs: Iterable[Job], name: str, failures: dict[str, str], after_each: Callable[[], object]
) -> None:
    """Do the jobs that are not done, and add those that fail to ``failures``."""
    jobs = list(jobs)
    waiting = [job for job in jobs if not job.is_done]
    if len(waiting) < len(jobs):
        logger.info(f"{name}: {len(jobs) - len(waiting)} of {len(jobs)} are done already")
    if not waiting:
        return
    began, done = time.perf_counter(), 0.0
    total = sum(map(_weight, waiting))
    with progress_bar(name, len(waiting)) as bar:
        for finished in workers.run(waiting):
            if finished is not None:
                done += _weight(finished.job)
                _report(finished, failures)
                after_each()
            left = (time.perf_counter() - began) * (total - done) / done if done else None
            running = "; ".join(job.label for job in list(workers.running.values()))
            remaining = "" if left is None else f"  {format_duration(left)} left"
            bar.update(0 if finished is None else 1, status=f"{running}{remaining}")


def _weight(job: Job) -> float:
    """Return the time that a job is expected to take, up to a common factor."""
    return job.cpu_seconds + JOB_SECONDS


def _report(finished: Finished, failures: dict[str, str]) -> None:
    job, error = finished
    if error:
        failures[job.label] = error
        logger.warning(f"{job.label} failed: {error}")
        return
    values = [
        f"{name} {record.value:.1f}"
        for name in job.measured
        for record in read_records(records_file(job.folder, name))[:1]
    ]
    logger.info(f"{job.label}: {', '.join(values) or 'done'}")


def _write(plan: Plan, budget: str, command: str, failures: Mapping[str, str]) -> Result:
    """Write the records and the table of the cells that are measured."""
    result = collect(plan, budget, command, failures)
    write_records(plan.folder / RECORDS_NAME, result.records)
    with atomic_write(plan.folder / RESULT_NAME) as file:
        file.write((json.dumps(result.as_dict(), indent=1) + "\n").encode())
    write_pages(result, plan.folder)
    return result
