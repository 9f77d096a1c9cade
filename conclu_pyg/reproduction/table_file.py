"""Files of tables, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from conclu_pyg.arguments import check_arguments
from conclu_pyg.config_files import read_config
from conclu_pyg.errors import ArgumentError, ConfigError, Issue
from conclu_pyg.overrides import apply_overrides
from conclu_pyg.reproduction.table import RANDOM, Budget, Figure, Row, Table
from conclu_pyg.shipped_configs import find_table
from conclu_pyg.suggestions import suggest

TABLE_KEYS = tuple(item.name for item in fields(Table))


def read_table(path: str | Path, overrides: Sequence[str] = ()) -> Table:
    """Read and check a table file.

    Args:
        path: a YAML file, or the name of a table of the package, such as ``table1``.
        overrides: ``key=value`` with YAML values, such as ``datasets.ModelNet40.dataset_path=data/modelnet40`` or
            ``budgets.cpu.epochs=5``.

    Raises:
        ConfigError: a file that is missing or malformed; all unknown or missing keys, values of another type or out of
            bounds, and names that the table does not have.
    """
    path = find_table(str(path))
    values = apply_overrides(read_config(path), overrides, keys=TABLE_KEYS)
    issues = list(_issues(values))
    if issues:
        raise ConfigError(*issues, source=str(path))
    table = Table(**values)
    if issues := list(_unknown_names(table)):
        raise ConfigError(*issues, source=str(path))
    rows = [{**row, "config": _resolved(path, row.get("config"))} for row in table.rows]
    finetuning = table.finetuning and {name: _resolved(path, config) for name, config in table.finetuning.items()}
    return replace(table, rows=rows, finetuning=finetuning)


def select_rows(table: Table, only: Sequence[str]) -> list[Row]:
    """Return the rows that are named by their method, their encoder, or both as ``BYOL/DGCNN``; all rows if none are.

    Raises:
        ConfigError: a name that no row has.
    """
    rows = table.all_rows
    names = {name for row in rows for name in (row.method, row.encoder, f"{row.method}/{row.encoder}")}
    for name in only:
        if name not in names:
            raise ConfigError(
                f"only: the table has no row {name!r}{suggest(name, names)} Methods: "
                f"{', '.join(dict.fromkeys(row.method for row in rows))}; encoders: {', '.join(table.encoders)}.",
                argument="only",
                got=name,
            )
    chosen = set(only) or names
    return [row for row in rows if {row.method, row.encoder, f"{row.method}/{row.encoder}"} & chosen]


def _resolved(path: Path, config: Any) -> Any:
    """Return the path of a config that is relative to the table's file, or its name."""
    file = path.parent / str(config)
    return str(file) if config is not None and file.is_file() else config


def _issues(values: Mapping[str, Any]) -> Iterator[Issue]:
    yield from _issues_of(Table, values, "")
    rows, budgets = values.get("rows"), values.get("budgets")
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        where = f"rows[{number}]"
        yield from _issues_of(Row, row, where)
        figures = row.get("figures") if isinstance(row, Mapping) else None
        for place, figure in enumerate(figures if isinstance(figures, list) else ()):
            yield from _issues_of(Figure, figure, f"{where}.figures[{place}]")
    for name, budget in budgets.items() if isinstance(budgets, Mapping) else ():
        yield from _issues_of(Budget, budget, f"budgets.{name}")


def _issues_of(kind: Callable[..., Any], value: Any, path: str) -> list[Issue]:
    if not isinstance(value, Mapping):
        return [Issue(f"{path} must be a mapping, got {value!r:.80}.", path=path, got=value)]
    try:
        check_arguments(kind, value, defaults=())
    except ArgumentError as error:
        return [issue._replace(path=path) for issue in error.issues]
    return []


def _unknown_names(table: Table) -> Iterator[Issue]:
    """Yield names of data sets, encoders and methods that the table does not have, and rows that are there twice."""
    rows = table.all_rows
    yield from _unknown("reference", [table.reference], {row.method for row in rows})
    datasets = {*table.datasets}
    yield from _unknown("pretrain_on", [table.pretrain_on], datasets)
    yield from _unknown("measure_on", table.measure_on, datasets)
    for name, values in table.budgets.items():
        own = {*datasets, *(values.get("datasets") or {})}
        chosen = [*filter(None, [values.get("pretrain_on")]), *(values.get("measure_on") or ())]
        yield from _unknown(f"budgets.{name}", chosen, own)
        yield from _unknown(f"budgets.{name}.encoders", values.get("encoders") or (), {*table.encoders})
    seen: dict[str, str] = {}  # labels by folder; some file systems ignore upper and lower case
    for number, row in enumerate(rows):
        where = f"rows[{number}]"
        yield from _unknown(f"{where}.encoder", [row.encoder], {*table.encoders})
        yield from _unknown(f"{where}.figures", [figure["dataset"] for figure in row.figures], datasets)
        folder = row.folder.casefold()
        if seen.get(folder) == row.label:
            yield Issue(f"expected each method once with an encoder, got {row.label} twice.", path=where, got=row.label)
        elif folder in seen:
            message = f"{row.label} would have the same folder, {row.folder}, as {seen[folder]}; give it another name."
            yield Issue(message, path=where, got=row.label)
        seen.setdefault(folder, row.label)
        if (row.config is None) != (row.training == RANDOM):
            expected = "no config" if row.training == RANDOM else "a config"
            yield Issue(f"a row with training: {row.training} needs {expected}, got {row.config!r}.", path=where)
        if table.finetuning is not None:
            yield from _unknown(f"{where}.encoder", [row.encoder], {*table.finetuning})


def _unknown(path: str, names: Collection[str], known: Collection[str]) -> Iterator[Issue]:
    for name in names:
        if name not in known:
            hint = f"The table has: {', '.join(sorted(known))}."
            yield Issue(f"there is no {name!r}{suggest(str(name), known)}", hint, path=path, got=name)
