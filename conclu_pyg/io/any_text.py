"""Clouds as text of any kind: a point on each line, its coordinates first or where a line of names says."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.transposed import check_not_transposed

MAX_LINE = 1 << 16  # characters; a longer one is no line of text
DECIMAL_COMMAS = re.compile(r"([+-]?\d+,\d+([eE][+-]?\d+)?([\s;]+|$)){3}")
DELIMITERS = {",": ",", ";": ";"}  # in the first line of numbers; spaces and tabs otherwise
COMMAS = "write 0.57 in place of 0,57, as by `sed 's/,/./g'`"
REMEDY = (
    "write x, y and z as the first three numbers of every line, after one line of names at most, or leave the file out"
)
FIRST = (0, 1, 2)


class Beginning(NamedTuple):
    """What the lines before the points and the first of these say.

    Attributes:
        text: the first line of numbers.
        columns: where x, y and z are.
    """

    text: str
    columns: tuple[int, ...]


def read_any_text(path: Path, max_points: int) -> tuple[np.ndarray, list[str]]:
    """Reads the first three numbers of each line, between commas, semicolons, spaces or tabs.

    One line without numbers may come first, or one with the number of points, as in ``.pts`` files of scanners; ``#``
    begins a comment. Where that line, or a comment before the points, names as many columns as there are, x, y and z
    among them (``id,x,y,z``), those are read.

    Args:
        path: the file.
        max_points: how many points it may have.

    Shapes:
        - **output:** float64 ``[m, 3]``, and what was left unread

    Raises:
        DataError: the file cannot be read, has more points, a line without three numbers, or a line for each
            coordinate.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that blank lines do not count as rows
            first, axes = _beginning(file, path)
            points = np.loadtxt(file, delimiter=_delimiter(first), usecols=axes, ndmin=2, max_rows=max_points + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {REMEDY}.") from error
    except ValueError as error:
        raise _no_numbers(path, re.sub(r";.*|\.$", "", str(error).splitlines()[0])) from error
    if len(points) > max_points:
        raise DataError(f"{path} has more than the {max_points:,} points that a cloud may have; thin it first.")
    columns = len(_split(first))
    check_not_transposed((len(points), columns), str(path))
    if axes != FIRST:
        return points, [f"x, y and z are columns {', '.join(str(axis + 1) for axis in axes)} by their names"]
    return points, [f"of {columns} columns, those after the third were not read"] if columns > 3 else []


def _beginning(file: TextIO, path: Path) -> Beginning:
    """What comes before the points; the file then stands before the first of these."""
    skipped, header = 0, ""
    while True:
        start = file.tell()
        line = file.readline(MAX_LINE)
        text, _, comment = map(str.strip, line.partition("#"))
        if not line:
            raise _no_numbers(path, "no line has any")
        if not text and len(line) < MAX_LINE:
            header = comment or header
            continue
        columns = _named_columns(header, text)
        numbers = _numbers(text)
        if (numbers >= 3 or columns != FIRST) and len(line) < MAX_LINE:
            file.seek(start)
            return Beginning(text, columns)
        # A header, a count of points: one such line, never more, as clouds have no text between their points.
        if DECIMAL_COMMAS.match(text):
            raise _no_numbers(path, f"found {text[:40]!r}, numbers with a comma in them", COMMAS)
        if skipped or (numbers and not re.fullmatch(r"\d+", text)) or len(line) == MAX_LINE or "\0" in line:
            raise _no_numbers(path, f"found {text[:40]!r}")
        skipped, header = skipped + 1, text


def _named_columns(header: str, text: str) -> tuple[int, ...]:
    """Where a line of names says that x, y and z are, if it names every column of a line of numbers; else the first
    three."""
    names = [word.strip("\"'").lower() for word in _split(header.removeprefix("//"))]  # as CloudCompare begins it
    words = _split(text)
    if len(names) != len(words) or any(names.count(axis) != 1 for axis in "xyz"):
        return FIRST
    columns = tuple(names.index(axis) for axis in "xyz")
    return columns if all(_numbers(words[column]) for column in columns) else FIRST


def _split(text: str) -> list[str]:
    delimiter = _delimiter(text)
    return [word.strip() for word in text.split(delimiter)]


def _delimiter(text: str) -> str | None:
    return next((DELIMITERS[sign] for sign in text if sign in DELIMITERS), None)


def _numbers(text: str) -> int:
    """How many numbers a line begins with."""
    for count, word in enumerate(_split(text)):
        try:
            float(word)
        except ValueError:
            return count
    return len(_split(text))


def _no_numbers(path: Path, reason: str, remedy: str = REMEDY) -> DataError:
    return DataError(f"{path} must hold a point on each line, its three coordinates first ({reason}); {remedy}.")
