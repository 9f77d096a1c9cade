"""Tables and embeddings that commands of this package write: files with a suffix of clouds that hold none."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

from conclu_pyg.io.archives import ARCHIVE_ERRORS

CLASS_COLUMNS = ("file", "class")  # of a table with the classes of clouds
# The first columns of the tables of check, clusters, duplicates, anomaly, predict (two) and of files that were skipped.
FIRST_COLUMNS = (
    ("file", "cloud", "format"), ("cloud", "cluster", "confidence"), ("a", "b", "kind"), ("file", "score", "global"),
    ("run", "file", "cloud"), ("label", "name", "color"), ("file", "reason"),
)  # fmt: skip
EMBEDDINGS = ("names.npy", "x.npy", "about.npy")  # the members of an .npz file of embeddings
NAME_AT = 30  # byte of the first member's name in a ZIP archive


def own_kind(path: Path) -> str:
    """Returns the kind of a ``.csv`` or ``.npz`` file that a command wrote, or that has the classes of clouds; nothing
    for any other file. Reads no more than its first line, or its first bytes."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            return _kind_of_table(read_header(path))
        return "embeddings" if suffix == ".npz" and _holds_embeddings(path) else ""
    except OSError:  # the reader of clouds will say so
        return ""


def is_class_table(path: Path) -> bool:
    """Returns whether a CSV file has the classes of clouds."""
    return _has_classes(read_header(path))


def read_header(path: Path) -> list[str]:
    """Returns the names of the columns of a CSV file; none if there is no such file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        line = file.readline(1 << 10).strip()
    delimiter = max(",;\t", key=line.count)
    return next(csv.reader([line], delimiter=delimiter), [])


def _kind_of_table(header: list[str]) -> str:
    if any(tuple(header[: len(each)]) == each for each in FIRST_COLUMNS):
        return "table of a command"
    return "table of classes" if _has_classes(header) else ""


def _has_classes(header: list[str]) -> bool:
    return {name.strip().lower() for name in header}.issuperset(CLASS_COLUMNS)


def _holds_embeddings(path: Path) -> bool:
    first = EMBEDDINGS[0].encode()
    with path.open("rb") as file:
        if file.read(NAME_AT + len(first))[NAME_AT:] != first:
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist()) == {*EMBEDDINGS}
    except (*ARCHIVE_ERRORS, ValueError):  # also a name that is not UTF-8
        return False
