"""The lines before the points of a text file: comments, a count, and the names of the columns."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from conclu_pyg.io.column_names import BRACKETS, ColumnError, find_coordinates, is_known, simplify

HEAD = 1 << 18  # bytes in which the first point must begin
SHORT_HEAD = 1 << 9  # bytes that are enough for most further headers
MAX_LINE = 1 << 16  # bytes
NUMBER = re.compile(
    r"[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|nan|inf|infinity|1\.#\w+|nan\(\w+\))", re.I | re.A
)
COMMENT = re.compile(r"\s*(#|//|%)+")
DECIMAL_COMMAS = re.compile(r"([+-]?\d+,\d+([eE][+-]?\d+)?([\s;]+|$)){3}", re.A)
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SEPARATOR = "sep="  # begins Excel's line that gives the separator
QUOTED = re.compile(r'"[^"]*"')
FIRST_THREE = (0, 1, 2)
ROW_NUMBERS = ("", "index", "unnamed_0", "unnamed_0_1")  # as pandas names the index of a frame
INDEX = (*ROW_NUMBERS, "id", "row", "point", "point_id")

MISSING = {"", "na", "n/a", "<na>", "nan", "null", "none"}  # a row of these is one of values, not of names
HINT = "write x, y and z as the first three numbers of every line, after one header line at most, or leave the file out"
DECIMAL_HINT = "write 0.57 instead of 0,57, for example with `sed 's/,/./g'`, or separate the numbers by semicolons"
NAME_HINT = "name the columns of the coordinates x, y and z in the first line"
UTF8_HINT = "save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`"
PANDAS_HINT = "delete the line if it numbers the columns, or write its numbers as 0.0 1.0 2.0 if it is a point"


class HeaderError(ValueError):
    """A beginning without points.

    Attributes:
        hint: what to do.
        got: the line that was refused.
    """

    def __init__(self, reason: str, hint: str = HINT, got: str = "") -> None:
        super().__init__(reason)
        self.hint, self.got = hint, got


@dataclass(frozen=True)
class Header:
    """The beginning of a file.

    Args:
        start: the position of the first point, in bytes.
        line: the number of its line, from where the header begins.
        delimiter: the separator of the columns (``None``: white space).
        decimal_comma: whether numbers are written as ``0,57``.
        words: the first point, a text for each column.
        axes: the columns of x, y and z.
        names: the name of each column, or none.
        count: the number of points that a line before them promises, or ``None``.
        notes: how the columns of the coordinates were found, if not by the names x, y and z or as the only ones.
    """

    start: int
    line: int
    delimiter: str | None
    decimal_comma: bool
    words: tuple[str, ...]
    axes: tuple[int, int, int]
    names: tuple[str, ...] = ()
    count: int | None = None
    notes: tuple[str, ...] = ()


def read_header(file: BinaryIO) -> Header:
    """Reads the lines before the points, from the current position of a file.

    Comments begin with ``#``, ``//`` or ``%``. Of other lines there may be one with the number of points and one of
    text. The latter, or a comment with as many names as there are columns, names the columns.

    Raises:
        HeaderError: there is no line of numbers after such lines, or it is unknown which columns are the coordinates.
    """
    start = file.tell()
    return _parse_header(file.read(HEAD), start, HEAD)


def read_further_header(file: BinaryIO) -> Header:
    """Reads the lines between the points of two clouds, as :func:`read_header`, but few bytes if possible."""
    start = file.tell()
    head = file.read(SHORT_HEAD)
    try:
        header = _parse_header(head, start, SHORT_HEAD)
        rows = [line for line in head[header.start - start :].splitlines() if line.strip()]
        if len(head) < SHORT_HEAD or len(rows) > 2:  # the first point and the next line are whole
            return header
    except HeaderError:
        pass  # perhaps only because the head is cut off
    file.seek(start)
    return read_header(file)


def _parse_header(head: bytes, start: int, size: int) -> Header:
    """Returns what the bytes at a position say; if there are ``size``, the last line is perhaps not whole."""
    _check_encoding(head)
    comments: list[str] = []
    header, count, mark = None, None, len(codecs.BOM_UTF8) * head.startswith(codecs.BOM_UTF8)
    start += mark
    lines = re.split(rb"(\r\n|\n|\r)", head[mark:])
    for number, (line, end) in enumerate(zip(lines[::2], [*lines[1::2], b""], strict=True), 1):
        text = line.decode("utf-8", errors="replace").strip(" \v\f")
        if len(line) > MAX_LINE or (len(head) == size and not end):
            raise HeaderError(f"got {text[:40]!r}", got=text)
        if (comment := COMMENT.match(text)) is not None:
            comments.append(text[comment.end() :].strip())
        elif (text.strip() or _is_empty_row(text, header)) and not text.lower().startswith(SEPARATOR):
            text = re.split(r"\s#", text)[0].strip(" ")
            following = next((each for each in lines[2 * number :: 2] if each.strip()), b"").decode("latin-1")
            first = _first_row(text, following, header, comments)
            if first is not None:
                return replace(first, start=start, line=number, count=count)
            if count is None and re.fullmatch(r"\d+", text, re.A):
                count = int(text[:19])
            elif header is None and not NUMBER.fullmatch(_split(text, _delimiter(text)[0])[0]):
                header = text
            else:
                _refuse(text)
        start += len(line) + len(end)
    raise HeaderError("no line has numbers")


def _is_empty_row(text: str, header: str | None) -> bool:
    """Returns whether a line is a row of empty cells between tabs."""
    return header is not None and 2 <= text.count("\t") == header.count("\t")


def _check_encoding(head: bytes) -> None:
    if head.startswith(UTF16):
        raise HeaderError("got UTF-16 text", UTF8_HINT, got="UTF-16")
    if b"\0" in head:
        text = head.decode("latin-1")
        raise HeaderError(f"got {text[:40]!r}, which is not UTF-8 text", got=text)


def _refuse(text: str) -> None:
    if DECIMAL_COMMAS.match(text):
        raise HeaderError(f"got {text[:40]!r}, numbers with decimal commas", DECIMAL_HINT, got=text)
    raise HeaderError(f"got {text[:40]!r}", got=text)


def _first_row(text: str, following: str, header: str | None, comments: Sequence[str]) -> Header | None:
    """Returns what the first row of numbers says, or ``None`` if the line is no such row."""
    delimiter, decimal_comma = _delimiter(text, following)
    if delimiter == "\t" and text.startswith("\t") and following.startswith("\t") and not header:
        delimiter = None  # indented lines
    words = _split(text, delimiter)
    if decimal_comma:
        words = [word.replace(",", ".") for word in words]
    num_numbers = sum(1 for word in words if NUMBER.fullmatch(word))
    allows_empty = header is not None and delimiter is not None  # cells, as pandas writes NaN
    is_complete = num_numbers + words.count("") == len(words) >= 3
    if num_numbers < 3 and not (allows_empty and is_complete):
        return None
    columns = len(words) - (words[-1] == "")  # a separator at the end of the line
    names = _comment_names(comments, columns, delimiter)
    if header:
        names = _names(header, len(words), delimiter) or _names(header, columns, delimiter)
    axes, notes = _axes(names) if names else (FIRST_THREE, ())
    if not all(NUMBER.fullmatch(words[axis]) or (allows_empty and names and not words[axis]) for axis in axes):
        return None
    if header and not names:
        if columns < 3 or any(is_known(name) for name in _split(header, _delimiter(header)[0])):
            raise HeaderError(f"{header[:40]!r} does not name the {columns} columns", NAME_HINT, got=header)
        notes = (f"the line {header[:40]!r} was skipped",)
    numbered = [str(column) for column in range(columns)]
    if not names and words[:columns] == numbered:
        after = _split(following.strip(), delimiter)
        if after[:columns] != [str(column) for column in range(columns, 2 * columns)]:
            raise HeaderError(f"got {text[:40]!r} as the first line", PANDAS_HINT, got=text)
    return Header(0, 0, delimiter, decimal_comma, tuple(words), axes, names, None, notes)


def _axes(names: Sequence[str]) -> tuple[tuple[int, int, int], tuple[str, ...]]:
    """Returns the columns of x, y and z, and a note on them unless they are named so and come first."""
    try:
        axes = find_coordinates(names)
    except ColumnError as error:
        raise HeaderError(str(error), NAME_HINT, got=", ".join(names)) from error
    if axes is not None:
        if axes == FIRST_THREE and all(names[axis].strip("\"'").lower() == "xyz"[axis] for axis in axes):
            return axes, ()
        columns = ", ".join(str(axis + 1) for axis in axes)
        found = ", ".join(repr(names[axis][:40]) for axis in axes)
        return axes, (f"x, y and z were read from columns {columns} by the names {found}",)
    if MISSING.issuperset(name.strip("\"'").lower() for name in names):
        raise HeaderError(f"got {', '.join(names)[:40]!r} as the names of the columns", NAME_HINT, got=", ".join(names))
    first = int(simplify(names[0]) in INDEX)
    others = names[first:]
    numbered = list(others) == [str(column) for column in range(len(others))]
    if not numbered and any(re.match(r"[-+.]?\d", name) for name in names):  # a damaged point
        raise HeaderError(f"got {', '.join(names)[:40]!r} as the names of the columns", NAME_HINT, got=", ".join(names))
    if (numbered and len(others) >= 3) or (len(others) == 3 and not any(map(is_known, others))):
        taken = ", ".join(repr(name[:40]) for name in others[:3])
        return (first, first + 1, first + 2), (
            f"columns {first + 1} to {first + 3} were read as x, y and z, which their names do not say: {taken}",
        )
    found = ", ".join(repr(name[:40]) for name in names[:8])
    raise HeaderError(f"the columns are named {found}", NAME_HINT, got=", ".join(names))


def _names(text: str, columns: int, delimiter: str | None) -> tuple[str, ...]:
    """Returns as many names as there are columns, or none if the text has another number of words."""
    text = re.sub(r"^\w+\s*:\s+", "", text) if not NUMBER.match(text) else text  # "columns: x y z"
    spaced = BRACKETS.sub("", text)
    for candidate, sign in ((text, delimiter or "\t"), (spaced, None), (text, ","), (text, ";")):
        names = _split(candidate, sign)
        names = names[:-1] if len(names) == columns + 1 and not names[-1] else names
        if len(names) == columns:
            return tuple(names)
    return ()


def _comment_names(comments: Sequence[str], columns: int, delimiter: str | None) -> tuple[str, ...]:
    """Returns the names of the last comment that has one for each column, the coordinates among them."""
    for comment in reversed(comments):
        names = _names(comment, columns, delimiter)
        if names and _find(names) is not None:
            return names
    for comment in reversed(comments):
        axes = _find(re.split(r"[,;\s]+", comment))
        if columns > 3 and axes not in (None, FIRST_THREE):
            raise HeaderError(f"{comment[:40]!r} does not name the {columns} columns", NAME_HINT, got=comment)
    return ()


def _find(names: Sequence[str]) -> tuple[int, int, int] | None:
    try:
        return find_coordinates(names)
    except ColumnError:
        return None


def _delimiter(text: str, following: str = "") -> tuple[str | None, bool]:
    """Returns the separator of the columns (``None``: white space), and whether numbers have decimal commas."""
    plain = QUOTED.sub("q", text)
    if plain.count(";") >= 2:
        cells = [cell.strip() for cell in (*plain.split(";"), *following.split(";"))]
        return ";", any(re.fullmatch(r"[-+]?\d*,\d+([eE][-+]?\d+)?", cell) for cell in cells)
    if "," in plain:
        return ",", False
    cells = [cell.strip() for cell in plain.split("\t")]
    is_spaced = any(len(cell.split()) > 1 and NUMBER.fullmatch(cell.split()[0]) for cell in cells)
    return (None, False) if len(cells) < 3 or is_spaced else ("\t", False)


def _split(text: str, delimiter: str | None) -> list[str]:
    if '"' in text:
        rows = csv.reader([text], delimiter=delimiter or " ", skipinitialspace=True)
        return [word.strip() for word in next(rows, [""])]
    return [word.strip() for word in text.split(delimiter)] or [""]
