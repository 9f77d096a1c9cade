"""Paths in error messages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from conclu_pyg.suggestions import closest_match


def with_cwd(path: Path) -> str:
    """Return the path, with the working directory if it is relative."""
    return str(path) if path.is_absolute() else f"{path} (in the working directory {Path.cwd()})"


def with_cwd_or_suggestion(path: Path, known: Iterable[str]) -> str:
    """Return the end of a sentence about a missing path: the path with the known one of the most similar file name, or
    else with the working directory. Folders and suffixes are not compared."""
    names: dict[str, list[str]] = {}
    for other in known:
        names.setdefault(_stem(Path(other)), []).append(other)
    found = closest_match(_stem(path), names)
    if found is None:
        return f"{with_cwd(path)}."
    return f"{path}; did you mean {closest_match(str(path), names[found]) or names[found][0]!r}?"


def _stem(path: Path) -> str:
    return path.stem if path.suffix in (".yaml", ".yml", ".safetensors") else path.name
