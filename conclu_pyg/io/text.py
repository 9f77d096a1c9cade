"""Text files of numbers: clouds with a point on each line, and columns of tables."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from conclu_pyg.data.clean import check_not_transposed
from conclu_pyg.errors import DataError
from conclu_pyg.io.file_cloud import FileCloud

MAX_LINE = 1 << 16  # characters; a longer one is not text
MAX_BYTES = 1 << 28  # of a file with a known format; those of ModelNet and ShapeNetPart have 0.6 MB
DECIMAL_COMMAS = re.compile(r"([+-]?\d+,\d+([eE][+-]?\d+)?([\s;]+|$)){3}")
DELIMITERS = {",": ",", ";": ";"}  # by the first line of numbers; otherwise spaces and tabs
DECIMAL_HINT = "write 0.57 instead of 0,57, for example with `sed 's/,/./g'`"
HINT = "write x, y and z as the first three numbers of every line, after one header line at most, or leave the file out"
LISTED_HINT = "restore the file or remove it from the list"
FIRST_THREE = (0, 1, 2)


class Beginning(NamedTuple):
    """The lines before the points.

    Attributes:
        text: the first line of numbers.
        columns: the columns of x, y and z.
    """

    text: str
    columns: tuple[int, ...]


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the cloud of a file (see :func:`read_text`)."""
    points, notes = read_text(path, max_points)
    yield FileCloud(points, notes=tuple(notes))


def read_text(path: Path, max_points: int) -> tuple[np.ndarray, list[str]]:
    """Reads the first three numbers of each line, separated by commas, semicolons, spaces or tabs.

    The first line may be a header or the number of points, as in ``.pts`` files of scanners; ``#`` begins a comment. If
    the header, or a comment before the points, names all columns and x, y and z among them (``id,x,y,z``), those
    columns are read.

    Args:
        path: the file.
        max_points: the largest number of points.

    Shapes:
        - **output:** float64 ``[m, 3]``, and notes on the columns that were read or ignored

    Raises:
        DataError: the file cannot be read, has too many points, a line without three numbers, or is transposed.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # NumPy warns about blank lines
            first, axes = _beginning(file, path)
            points = np.loadtxt(file, delimiter=_delimiter(first), usecols=axes, ndmin=2, max_rows=max_points + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {HINT}.", file=path) from error
    except ValueError as error:
        raise _no_numbers(path, re.sub(r";.*|\.$", "", str(error).splitlines()[0])) from error
    if len(points) > max_points:
        raise DataError(f"{path} has more than the maximum of {max_points:,} points; subsample it first.", file=path)
    columns = len(_split(first))
    check_not_transposed((len(points), columns), str(path))
    if axes != FIRST_THREE:
        return points, [f"x, y and z were read from columns {', '.join(str(axis + 1) for axis in axes)} by the header"]
    return points, [f"columns 4 to {columns} were ignored"] if columns > 3 else []


def _beginning(file: TextIO, path: Path) -> Beginning:
    """Reads the lines before the points, and leaves the file at the first point."""
    skipped, header = 0, ""
    while True:
        start = file.tell()
        line = file.readline(MAX_LINE)
        text, _, comment = map(str.strip, line.partition("#"))
        if not line:
            raise _no_numbers(path, "no line has numbers")
        if not text and len(line) < MAX_LINE:
            header = comment or header
            continue
        columns = _named_columns(header, text)
        numbers = _numbers(text)
        if (numbers >= 3 or columns != FIRST_THREE) and len(line) < MAX_LINE:
            file.seek(start)
            return Beginning(text, columns)
        # A header or a number of points: at most one such line, as there is no text between the points of a cloud.
        if DECIMAL_COMMAS.match(text):
            raise _no_numbers(path, f"got {text[:40]!r}, numbers with decimal commas", DECIMAL_HINT, got=text)
        if skipped or (numbers and not re.fullmatch(r"\d+", text)) or len(line) == MAX_LINE or "\0" in line:
            raise _no_numbers(path, f"got {text[:40]!r}", got=text)
        skipped, header = skipped + 1, text


def _named_columns(header: str, text: str) -> tuple[int, ...]:
    """Returns the columns of x, y and z by a header that names every column, or else the first three columns."""
    names = [word.strip("\"'").lower() for word in _split(header.removeprefix("//"))]  # CloudCompare writes //
    words = _split(text)
    if len(names) != len(words) or any(names.count(axis) != 1 for axis in "xyz"):
        return FIRST_THREE
    columns = tuple(names.index(axis) for axis in "xyz")
    return columns if all(_numbers(words[column]) for column in columns) else FIRST_THREE


def _split(text: str) -> list[str]:
    delimiter = _delimiter(text)
    return [word.strip() for word in text.split(delimiter)]


def _delimiter(text: str) -> str | None:
    return next((DELIMITERS[sign] for sign in text if sign in DELIMITERS), None)


def _numbers(text: str) -> int:
    """Returns how many numbers a line begins with."""
    for count, word in enumerate(_split(text)):
        try:
            float(word)
        except ValueError:
            return count
    return len(_split(text))


def _no_numbers(path: Path, reason: str, hint: str = HINT, got: Any = ...) -> DataError:
    return DataError(
        f"{path}: expected a point on each line, starting with its three coordinates ({reason}); {hint}.",
        file=path,
        got=got,
    )


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
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(
                f"{path} has {size:,} bytes, more than the maximum of {MAX_BYTES:,}; {LISTED_HINT}.", file=path
            )
        with path.open(encoding="latin-1") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # NumPy warns about empty files, which are rejected later
            numbers = np.loadtxt(file, delimiter=delimiter, usecols=columns, ndmin=2)
            return numbers if len(numbers) else np.empty((0, len(columns)))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {LISTED_HINT}.", file=path) from error
    except ValueError as error:
        reason = re.sub(r";.*|\.$", "", str(error).splitlines()[0])
        raise DataError(
            f"{path}: expected {content} ({reason}); {LISTED_HINT}.", file=path, expected=content
        ) from error
