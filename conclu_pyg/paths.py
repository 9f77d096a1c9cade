"""Paths in the sentences about what is missing: a relative one with the folder that it starts from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from conclu_pyg.nearest import nearest


def located(path: Path) -> str:
    """The path, with the working folder where it is relative to that."""
    return str(path) if path.is_absolute() else f"{path} (in the working folder {Path.cwd()})"


def located_or_nearest(path: Path, known: Iterable[str]) -> str:
    """The path with the known one nearest to it, one of the same name before others, or else with where it was looked
    for; with the sentence's end."""
    known = list(known)
    hint = nearest(str(path), [other for other in known if Path(other).name == path.name] or known)
    return f"{path}{hint}" if hint.endswith("?") else f"{located(path)}."
