"""The table in a folder of its results, which decides what may be added there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conclu_pyg.config_files import dump_config, read_config
from conclu_pyg.errors import ConfigError
from conclu_pyg.files import atomic_write
from conclu_pyg.pipelines.resume import differences

DECISIVE = ("budget", "pretrain_on", "finetuning", "views", "num_clusters")
GROWING = (
    "datasets",
    "encoders",
    "trainings",
    "rows",
)  # where names may be added, and those that are there must stay the same
KEYS = (*DECISIVE, *GROWING, "budgets")
FREE = ("seeds", "description", "equal_cpu", "measure_on")  # of a budget


def keep_table(path: Path, table: dict[str, Any]) -> None:
    """Write a table into the folder of its results, over one that decides about the same values. Seeds, rows, encoders
    and data sets may be added, and texts and figures of others may change.

    Args:
        path: the file.
        table: plain values, with the name of the ``budget`` and the resolved config of each of the ``trainings``: a
            config file may change, too.

    Raises:
        ConfigError: the folder holds another table, whose values would be mixed with those of this one, or a file of
            this name that is no such table.
    """
    if path.exists():
        before = read_config(path)
        if missing := [key for key in KEYS if key not in before]:
            raise ConfigError(
                f"{path} was not written by `conclu reproduce`: it has no {missing[0]!r}; give another folder by -o.",
                file=path,
            )
        _check_same(_decisive(before), _decisive(table), path.parent)
        rows = {**_by_label(before), **_by_label(table)}
        merged = {key: {**before[key], **table[key]} for key in GROWING[:-1]}
        table = {**table, **merged, "rows": list(rows.values())}
    with atomic_write(path) as file:
        file.write(dump_config(table).encode())


def _check_same(before: Mapping[str, Any], table: Mapping[str, Any], folder: Path) -> None:
    for key, old in before.items():
        new = table[key]
        if key in GROWING:
            both = old.keys() & new.keys()
            old, new = ({name: each[name] for name in both} for each in (old, new))
        for place, was, now in differences(old, new, key):
            raise ConfigError(
                f"{folder} holds another table: {place} is {was!r:.80} there and {now!r:.80} now; give another folder "
                "by -o, or the same table, budget and overrides.",
                file=folder,
                path=place,
                got=now,
            )


def _by_label(table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{row['method']}, {row['encoder']}": row for row in table["rows"]}


def _decisive(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides about the values of a table."""
    budget = table["budgets"][table["budget"]]
    own = {key: value for key, value in budget.items() if key not in (*FREE, *GROWING)}
    rows = {label: {**row, "figures": []} for label, row in _by_label(table).items()}
    values = {key: table[key] for key in (*DECISIVE, *GROWING)}
    return {**values, "rows": rows, "budgets": {table["budget"]: own}}
