"""The commands behind records, as the results page lists them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from conclu_pyg.runs.records import Record

RUN_ENDS = r"(\bruns/[^\s']*_){seed}(?=[\s']|$)"  # a run folder whose name ends in a seed, such as runs/mine_0


def commands(records: Sequence[Record]) -> list[str]:
    """A line for each training with its setting and its time, then one for each evaluation; those that differ in their
    seed alone have one line, with ``SEED`` in its place.

    Args:
        records: of a section of the page; a training behind several of them is listed once.
    """
    trainings = {
        (training.get("setting", ""), training["command"]): training["seconds"]
        for record in records
        for training in _trainings(record)
    }
    minutes: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for (setting, command), seconds in trainings.items():
        seed, pattern = _without_seed(command)
        minutes[setting, pattern][seed] = f"{seconds / 60:.0f} min"
    seeds: dict[str, dict[str, None]] = defaultdict(dict)
    for record in records:
        seed, pattern = _without_seed(record.command)
        seeds[pattern][seed] = None
    return [
        *(f"- {setting}: `{pattern}` ({_of_seeds(found)})" for (setting, pattern), found in minutes.items()),
        *(f"- `{pattern}`" + _with_seeds(list(found)) for pattern, found in seeds.items()),
    ]


def _without_seed(command: str) -> tuple[str, str]:
    """The seed that a command names, and the command with ``SEED`` in its place; where its run folder ends in a seed,
    as in ``runs/mine_0``, there too."""
    named = re.search(r"pipeline\.seed=(\d+)", command) or re.search(RUN_ENDS.format(seed=r"(\d+)"), command)
    if named is None:
        return "", command
    seed = named[named.lastindex or 0]
    command = command.replace(f"pipeline.seed={seed}", "pipeline.seed=SEED")
    return seed, re.sub(RUN_ENDS.format(seed=seed), r"\1SEED", command)


def _of_seeds(minutes: Mapping[str, str]) -> str:
    return ", ".join(minutes.values()) + _with_seeds(list(minutes))


def _with_seeds(seeds: Sequence[str]) -> str:
    return f" with SEED {', '.join(seeds)}" if seeds != [""] else ""


def _trainings(record: Record) -> list[dict[str, Any]]:
    """The trainings behind a record with their settings, the first of them first."""
    before = record.details.get("pretraining")
    chain = []
    while before:
        chain.append(before)
        before = before.get("before")
    own = {**record.training, "setting": record.details.get("setting", "")}
    return [*reversed(chain), *([own] if record.training else [])]
