"""Text files of numbers: clouds with a point on each line, and columns of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from conclu_pyg.data.clean import check_not_transposed
from conclu_pyg.errors import DataError
from conclu_pyg.io.column_names import as_colors, free_name, group_attributes, simplify
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.number_table import TableError, TooManyRows, count_lines, note_rounded, read_table
from conclu_pyg.io.refusals import UNLIST, mismatch, os_errors_refused, refused, too_many, unreadable
from conclu_pyg.io.text_header import (
    HINT,
    MAX_LINE,
    NAME_HINT,
    NUMBER,
    ROW_NUMBERS,
    Header,
    HeaderError,
    read_further_header,
    read_header,
)
from conclu_pyg.text import pluralize

MAX_BYTES = 1 << 28  # of a file with a known format; those of ModelNet and ShapeNetPart have 0.6 MB
MAX_ROWS = 1 << 27  # in such a file
# The columns of formats without names, by their number: those of Open3D's formats, and of Leica's for .pts.
CONVENTIONS: dict[str, dict[int, tuple[str, ...]]] = {
    ".xyzn": {6: ("x", "y", "z", "nx", "ny", "nz")},
    ".xyzrgb": {6: ("x", "y", "z", "r", "g", "b")},
    ".pts": {
        4: ("x", "y", "z", "intensity"),
        6: ("x", "y", "z", "r", "g", "b"),
        7: ("x", "y", "z", "intensity", "r", "g", "b"),
    },
}
COUNTED = 10  # as many rows that are numbered in the first column are no coincidence


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the cloud of a file, or its clouds if a number of points precedes each, as in ``.pts`` files of scanners.

    Numbers are separated by commas, semicolons, spaces or tabs, and every line has as many columns. The columns of the
    coordinates are found by their names (:func:`~conclu_pyg.io.column_names.find_coordinates`) in a line before the
    points, else the first three are. Other named columns become attributes, in ``.xyzn``, ``.xyzrgb`` and ``.pts``
    files also unnamed ones.

    Of named columns, empty cells between separators other than spaces are NaN, as pandas writes it: points without
    a coordinate are removed later, and a column that is empty throughout is left out.

    A file that was cut off within the last number of its last line cannot be told from a whole one.

    Args:
        path: the file.
        max_points: the largest number of points in a cloud.

    Raises:
        DataError: the file cannot be read, has too many points, a line that is no point or has another number of
            columns, another number of points than it says, is transposed, or does not tell its coordinates.
    """
    try:
        with path.open("rb") as file:
            header: Header | None = read_header(file)
            while header is not None:
                yield _read_cloud(file, path, header, max_points)
                header = _next_header(file, path, header)
    except OSError as error:
        raise unreadable(path, error) from error
    except HeaderError as error:
        raise _no_points(path, str(error), error.hint, error.got) from error
    except TooManyRows as error:
        raise too_many(path, None, max_points) from error
    except TableError as error:
        raise _no_points(path, str(error)) from error


def _next_header(file: BinaryIO, path: Path, previous: Header) -> Header | None:
    """Returns the header at the current position behind a cloud, or ``None`` at the end of the file."""
    start = file.tell()
    if previous.count is None or not _has_more(file):
        return None
    file.seek(start)
    header = read_further_header(file)
    if header.count is None:
        expected = f"{pluralize(previous.count, 'point')}, as the line before them says"
        hint = "correct that number or delete its line"
        raise mismatch(path, expected, "more", hint, expected=f"{previous.count} points")
    return replace(header, line=header.line + previous.line - 1 + count_lines(file, previous.start, start))


def _has_more(file: BinaryIO) -> bool:
    """Returns whether there is more than blank lines and comments."""
    while line := file.readline(MAX_LINE):
        if any(row.partition(b"#")[0].strip() for row in line.splitlines()):  # rows that end in \r are one line
            return True
    return False


def _read_cloud(file: BinaryIO, path: Path, header: Header, max_points: int) -> FileCloud:
    """Reads the points after a header, and leaves the file behind them."""
    if header.count is not None and header.count > max_points:
        raise too_many(path, header.count, max_points)
    width = len(header.words)
    names = header.names or CONVENTIONS.get(path.suffix.lower(), {}).get(width, ())
    missing = bool(header.names) and header.delimiter is not None
    others = [
        column
        for column, name in enumerate(names)
        if column not in header.axes
        and simplify(name) not in ROW_NUMBERS
        and (NUMBER.fullmatch(header.words[column]) or (missing and not header.words[column]))
    ]

    def read_columns(columns: Sequence[int]) -> np.ndarray:
        file.seek(header.start)
        return read_table(
            file,
            columns,
            delimiter=header.delimiter,
            rows=header.count,
            max_rows=max_points,
            first_line=header.line,
            width=width,
            decimal_comma=header.decimal_comma,
            missing=missing,
        )

    try:
        table = read_columns([*header.axes, *others])
        points, values = table[:, :3], {column: table[:, 3 + i] for i, column in enumerate(others)}
    except TableError as error:
        if not others or isinstance(error, TooManyRows):
            raise
        points, values = read_columns(header.axes), {}
        end = file.tell()
        for column in others:
            with suppress(TableError):
                values[column] = read_columns([column])[:, 0]
        file.seek(end)
    if header.count is not None and len(points) != header.count:
        expected = f"{pluralize(header.count, 'point')}, as the line before them says"
        hint = "restore the file or correct that number"
        raise mismatch(path, expected, len(points), hint, expected=f"{header.count} points")
    missing_notes = []
    if missing:
        values = {column: each for column, each in values.items() if not _is_empty(each, header.words[column])}
        missing_notes = _note_missing(points, values)
    columns = range(len(names) or width - (header.words[-1] == ""))
    ignored = [column for column in columns if column not in (*header.axes, *values)]
    notes = [*header.notes]
    if not names:
        check_not_transposed((len(points), width), str(path))
        _check_not_counted(points, width, path)
        notes += ["columns 1 to 3 were read as x, y and z"] if ignored else []
    notes += [_ignored(ignored)] if ignored else []
    notes += missing_notes
    named: dict[str, np.ndarray] = {}
    for column, each in values.items():
        named[free_name(names[column], named)] = each.copy()
    notes += note_rounded(named)
    x, labels = group_attributes(named)
    if "colors" in x:
        x["colors"] = as_colors(x["colors"])
    return FileCloud(points.copy() if values else points, x=x, labels=labels, notes=tuple(notes))


def _is_empty(values: np.ndarray, first: str) -> bool:
    """Returns whether all cells of a column are empty, of which the first is given as text."""
    return first == "" and bool(np.isnan(values).all())


def _note_missing(points: np.ndarray, values: dict[int, np.ndarray]) -> list[str]:
    """Returns a note on each attribute that has no value at some points.

    Points without coordinates, which are left out later, get the value 0 where they have none: labels stay integers.
    """
    notes = []
    for column, each in values.items():
        is_missing = np.isnan(each)
        if is_missing.any():
            each[is_missing & np.isnan(points).any(axis=1)] = 0
            if number := int(np.isnan(each).sum()):
                notes.append(f"column {column + 1} has no value at {pluralize(number, 'point')}")
    return notes


def _ignored(columns: Sequence[int]) -> str:
    numbers = ", ".join(str(column + 1) for column in columns)
    return f"column {numbers} was ignored" if len(columns) == 1 else f"columns {numbers} were ignored"


def _check_not_counted(points: np.ndarray, width: int, path: Path) -> None:
    """Rejects a table without names whose first column is the number of the row."""
    first = points[:, 0]
    if width > 3 and len(points) >= COUNTED and (first == first[0] + np.arange(len(points))).all():
        reason = f"got the numbers of the rows, {first[0]:g} to {first[-1]:g}, in the first of {width} columns"
        raise _no_points(path, reason, NAME_HINT, got=first[0].item())


def _no_points(path: Path, reason: str, hint: str = HINT, got: Any = ...) -> DataError:
    expected = "expected a point on each line, with its three coordinates first or named before"
    return refused(path, f"{expected} ({reason})", hint, got=got)


def read_text_cloud(path: Path) -> np.ndarray:
    """Reads the first three columns of a comma-separated file.

    Shapes:
        - **output:** float64 ``[m, 3]``

    Raises:
        DataError: as :func:`read_columns`.
    """
    return read_columns(path, (0, 1, 2), "three comma-separated coordinates first on each line", delimiter=",")


def read_columns(path: Path, columns: Sequence[int], content: str, *, delimiter: str | None = None) -> np.ndarray:
    """Reads some columns of a file of numbers.

    Args:
        path: the file.
        columns: the columns to read, counted from 0.
        content: a description of the expected content, for messages.
        delimiter: the separator of the numbers (default: white space).

    Shapes:
        - **output:** float64 ``[m, len(columns)]``; ``m`` is 0 if the file has no lines

    Raises:
        DataError: the file is missing, too large, or has a line without numbers in these columns.
    """
    with os_errors_refused(path, UNLIST):
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise too_many(path, size, MAX_BYTES, "bytes", UNLIST)
        try:
            with path.open("rb") as file:
                return read_table(file, columns, delimiter=delimiter, max_rows=MAX_ROWS)
        except TableError as error:
            raise refused(path, f"expected {content} ({error})", UNLIST, expected=content) from error
