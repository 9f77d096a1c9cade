"""Paths in the sentences about what is missing: a relative one with the folder that it starts from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from conclu_pyg.nearest import nearest_of


def located(path: Path) -> str:
    """The path, with the working folder where it is relative to that."""
    return str(path) if path.is_absolute() else f"{path} (in the working folder {Path.cwd()})"


def located_or_nearest(path: Path, known: Iterable[str]) -> str:
    """The path with the known one whose name is nearest to its own, or else with where it was looked for; with the
    sentence's end. Folders and suffixes make no path like another."""
    names: dict[str, list[str]] = {}
    for other in known:
        names.setdefault(_stem(Path(other)), []).append(other)
    found = nearest_of(_stem(path), names)
    if found is None:
        return f"{located(path)}."
    return f"{path}; did you mean {nearest_of(str(path), names[found]) or names[found][0]!r}?"


def _stem(path: Path) -> str:
    return path.stem if path.suffix in (".yaml", ".yml", ".pt") else path.name
