"""Commands behind records, one line for all seeds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from conclu_pyg.runs.records import Record

RUN_ENDS = r"(\bruns/[^\s']*_){seed}(?=[\s']|$)"  # a run folder whose name ends in a seed, such as runs/mine_0


def format_commands(records: Sequence[Record]) -> list[str]:
    """Returns a line for each training with its fingerprint and duration, then one for each evaluation. Commands that
    differ in their seed alone share a line, with ``SEED`` in its place.

    Args:
        records: a training behind several of them is listed once.
    """
    seconds: dict[tuple[str, str], float] = {}
    for record in records:
        for origin in record.pretraining.chain() if record.pretraining else []:
            seconds[origin.fingerprint, origin.command] = origin.seconds
        if record.training:
            seconds[record.fingerprint, record.training.command] = record.training.seconds
    trainings: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for (fingerprint, command), duration in seconds.items():
        pattern, seed = _without_seed(command)
        trainings[fingerprint, pattern][seed] = f"{duration / 60:.0f} min"
    evaluations: dict[str, dict[str, None]] = defaultdict(dict)
    for pattern, seed in (_without_seed(record.command) for record in records):
        evaluations[pattern][seed] = None
    return [
        *(
            f"{fingerprint}: `{pattern}` ({', '.join(minutes.values())}{_with_seeds(list(minutes))})"
            for (fingerprint, pattern), minutes in trainings.items()
        ),
        *(f"`{pattern}`{_with_seeds(list(seeds))}" for pattern, seeds in evaluations.items()),
    ]


def _without_seed(command: str) -> tuple[str, str]:
    """Returns the command with ``SEED`` in place of its seed, and the seed; empty if it names none."""
    named = re.search(r"pipeline\.seed=(\d+)", command) or re.search(RUN_ENDS.format(seed=r"(\d+)"), command)
    if named is None:
        return command, ""
    seed = named[named.lastindex or 0]
    command = command.replace(f"pipeline.seed={seed}", "pipeline.seed=SEED")
    return re.sub(RUN_ENDS.format(seed=seed), r"\1SEED", command), seed


def _with_seeds(seeds: Sequence[str]) -> str:
    return f" with SEED {', '.join(seeds)}" if seeds != [""] else ""
