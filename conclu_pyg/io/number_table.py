"""Tables of numbers in text, with a row on each line."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import BinaryIO

import numpy as np
from numpy.typing import DTypeLike

BLOCK = 1 << 21  # bytes that are parsed at once
SHORT = {"f": 1 << 14, "i": 1 << 16}  # bytes up to which NumPy parses numbers faster than Arrow, which starts threads
LARGEST = 10**18  # an integer that may have been larger in the text
SMALL_BLOCK = 1 << 12  # bytes that are read at least
NUMBER_BYTES = 64  # most numbers with their separators are shorter
MAX_FIRST_LINE = 1 << 16  # bytes in which Arrow's columns are counted
ROW = re.compile(r" at row (\d+)")
BLANK = b" \t\r\n\v\f"
BLANK_LINE = re.compile(rb"\n[ \t\v\f]*\n")
QUOTED = re.compile(r'"[^"]*"')
NOT_FINITE = re.compile(rb"[-+]?1\.#(?:IND|QNAN|SNAN|INF)\d*|[-+]?nan\((?:ind|snan)\)")  # as MSVC's runtime prints it


class TableError(ValueError):
    """A table cannot be read; the message is the reason, such as ``line 4: could not convert string 'x'``."""


class TooManyRows(TableError):
    """A table has more rows than the maximum."""


class LineError(TableError):
    """A line of a block cannot be read; the message is the reason without the line, which is counted from 0."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def read_table(
    file: BinaryIO,
    columns: Sequence[int],
    *,
    delimiter: str | None = None,
    rows: int | None = None,
    max_rows: int,
    first_line: int = 1,
    width: int | None = None,
    decimal_comma: bool = False,
    missing: bool = False,
) -> np.ndarray:
    """Reads columns of numbers from the current position of a file.

    Blank lines are skipped, ``#`` begins a comment, and a line ends in ``\\n``, ``\\r\\n`` or ``\\r``. Blocks of plain
    numbers are parsed by Apache Arrow, several times faster than by NumPy, which parses what Arrow refuses, such as
    comments, quotes and lines of different length.

    Args:
        file: a file that is open for reading bytes; it is left behind the last row that was read.
        columns: the columns to read, counted from 0.
        delimiter: the separator of the columns (default: white space).
        rows: the number of rows to read (default: all lines to the end of the file).
        max_rows: more rows are an error.
        first_line: the number of the first line in messages (default: 1).
        width: the number of columns of every line (default: a line may have any further columns).
        decimal_comma: whether numbers are written as ``0,57``; the delimiter must be another sign (default: no).
        missing: whether empty cells are NaN, except one at the end of a file without the end of its last line, which
            may have been cut off; needs a delimiter (default: they are an error).

    Shapes:
        - **output:** float64 ``[m, len(columns)]``; ``m < rows`` if the file ends before

    Raises:
        TooManyRows: there are more rows than ``max_rows``.
        TableError: a line has no numbers in these columns, or another number of columns than ``width``.
    """
    start, end = file.tell(), file.seek(0, io.SEEK_END)
    file.seek(start)
    table, used, read = np.empty((0, len(columns))), 0, 0
    limit = max_rows + 1 if rows is None else rows
    size = BLOCK
    if rows is not None:  # a small table is read in small blocks, because its caller reads what follows it again
        size = min(BLOCK, max(SMALL_BLOCK, NUMBER_BYTES * rows * (width or max(columns) + 1)))
    while used < limit and (block := _next_block(file, size)):
        size = min(BLOCK, 2 * size)
        if used + len(block) // (2 * len(columns)) >= limit and used + _count_rows(block) > limit:
            block = _first_rows(block, limit - used)
            file.seek(start + read + len(block))
        try:
            numbers = _parse(_point(block) if decimal_comma else block, columns, delimiter, width, missing)
        except LineError as error:
            raise TableError(
                f"line {first_line + count_lines(file, start, start + read) + error.line}: {error}"
            ) from error
        read += len(block)
        if used + len(numbers) > len(table):  # as many rows as the rest of the file has, if its lines are as long
            expected = (used + len(numbers)) * (end - start) / read
            grown = np.empty((max(used + len(numbers), min(int(1.01 * expected), limit)), len(columns)))
            grown[:used] = table[:used]  # resize() would fill it with zeros
            table = grown
        table[used : used + len(numbers)] = numbers
        used += len(numbers)
    if used > max_rows:
        raise TooManyRows(f"more than the maximum of {max_rows:,} rows")
    table.resize((used, len(columns)), refcheck=False)
    return table


def _next_block(file: BinaryIO, size: int) -> bytes:
    """Returns the next lines, of about ``size`` bytes, or nothing at the end of the file."""
    block = file.read(size)
    if len(block) < size:
        return block
    end = max(block.rfind(b"\n"), block.rfind(b"\r", 0, -1)) + 1  # the last byte may be the first half of \r\n
    if end:
        file.seek(end - size, io.SEEK_CUR)
        return block[:end]
    if size >= BLOCK:
        raise TableError(f"a line has more than {BLOCK:,} characters")
    file.seek(-size, io.SEEK_CUR)
    return _next_block(file, BLOCK)


def _count_rows(block: bytes) -> int:
    """Returns the number of lines."""
    ends = block.count(b"\n")
    if b"\r" in block:
        ends += block.count(b"\r") - block.count(b"\r\n")
    return ends + (not block.endswith((b"\n", b"\r")))


def _first_rows(block: bytes, rows: int) -> bytes:
    """Returns the beginning of a block up to the end of a row."""
    head = block[: len(block) - len(block.split(b"\n", rows)[-1])]
    if head.count(b"\n") == rows and b"#" not in head and b"\r" not in head and not BLANK_LINE.search(b"\n" + head):
        return head
    lines = (line for line in block.splitlines(keepends=True))
    kept: list[bytes] = []
    while rows and (line := next(lines, None)) is not None:
        kept.append(line)
        rows -= bool(line.partition(b"#")[0].strip(BLANK))
    return b"".join(kept)


def _point(block: bytes) -> bytes:
    """Returns numbers with decimal commas as numbers with decimal points."""
    if b"." in block:
        raise TableError("numbers with decimal commas and with points")
    return block.replace(b",", b".")


def count_lines(file: BinaryIO, start: int, end: int) -> int:
    """Returns the number of ends of lines between two positions of a file."""
    file.seek(start)
    blocks = [file.read(min(BLOCK, end - at)) for at in range(start, end, BLOCK)]
    return sum(block.count(b"\n") or block.count(b"\r") for block in blocks)


def note_rounded(columns: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Returns a note on each column of a table that may have held integers that float64 does not hold."""
    names = []
    for name, values in columns.items():
        magnitude = np.abs(values.astype(np.float64))
        if ((magnitude >= 2.0**53) & (magnitude <= 2.0**64)).any():
            names.append(name)
    return tuple(f"values of {name[:40]!r} of 2**53 or more were rounded to float64" for name in names)


def _parse(block: bytes, columns: Sequence[int], delimiter: str | None, width: int | None, missing: bool) -> np.ndarray:
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"#" in block or b"(" in block:
        block = NOT_FINITE.sub(b"nan", block)
    if b"#" not in block and b'"' not in block:
        # Lines of one space between their numbers need no change. Others have more columns then, or an empty one.
        fast = parse_with_arrow(block, columns, delimiter, width, not delimiter)
        if fast is None and not delimiter:
            fast = parse_with_arrow(_single_spaces(block), columns, delimiter, width)
        if fast is not None:
            return fast
    if missing and delimiter is not None:
        filled = _fill_empty(block, delimiter)
        if filled != block:
            return _parse(filled, columns, delimiter, width, missing=False)
    if width is not None:
        _check_width(block, delimiter, width)
    return _parse_with_numpy(block, columns, delimiter)


def _fill_empty(block: bytes, delimiter: str) -> bytes:
    """Returns lines with ``nan`` in empty cells, also those of empty quotes."""
    sign, cell = re.escape(delimiter.encode()), rb' *(?:"")? *'
    return re.sub(rb"(?m)(?:(?<=%b)%b(?=%b|\n)|^%b(?=%b))" % (sign, cell, sign, cell, sign), b"nan", block)


def parse_with_arrow(
    block: bytes,
    columns: Sequence[int],
    delimiter: str | None,
    width: int | None,
    all_columns: bool = False,
    dtype: DTypeLike = np.float64,
) -> np.ndarray | None:
    """Returns the columns, or ``None`` for anything but lines of equally many numbers.

    Args:
        block: the lines, in which one space separates the columns if there is no ``delimiter``.
        columns: the columns to read.
        delimiter: the separator (``None``: a space).
        width: the number of columns of every line (``None``: as in the first).
        all_columns: whether the result is ``None`` if there are other columns.
        dtype: the type of the numbers (default: float64).
    """
    import pyarrow as pa
    from pyarrow import csv

    first = next((line for line in block[:MAX_FIRST_LINE].split(b"\n", 100) if line.strip(BLANK)), b"")
    sign = delimiter or " "
    names = [str(index) for index in range(len(first.split(sign.encode())))]
    if not first or max(columns) >= len(names) or (width is not None and len(names) != width):
        return None
    if all_columns and len(names) != len(columns):
        return None
    used = [names[column] for column in columns]
    types = dict.fromkeys(used, pa.from_numpy_dtype(dtype))
    try:
        table = csv.read_csv(
            pa.BufferReader(block),
            csv.ReadOptions(column_names=names, block_size=BLOCK // 4),
            csv.ParseOptions(delimiter=sign, quote_char=False),
            csv.ConvertOptions(column_types=types, include_columns=used, null_values=[]),
        )
    except pa.ArrowInvalid:
        return None
    numbers = np.empty((len(table), len(columns)), dtype)
    for index in range(len(columns)):
        start = 0
        for chunk in table.column(index).chunks:  # without a copy of the whole column
            numbers[start : start + len(chunk), index] = chunk.to_numpy()
            start += len(chunk)
    return numbers


def parse_short(block: bytes, words: bytes, width: int, dtype: DTypeLike = np.float64) -> np.ndarray | None:
    """Returns the numbers of a short block of lines that each have the same words and one space before each number;
    ``None`` for anything else.

    Args:
        block: the lines.
        words: what a line begins with, before the space and the first number.
        width: the number of numbers of a line.
        dtype: the type of the numbers, float64 or int64 (default: float64).

    Shapes:
        - **output:** ``[lines, width]``
    """
    kind = np.dtype(dtype).kind
    lines = block.count(b"\n")
    form = words + b" " * width + b"\n"
    signs = block.translate(None, b"0123456789" if kind == "i" else b"0123456789-.e")
    if len(block) > SHORT[kind] or signs != form * lines or len(signs) == len(block):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # about text that is no number
            numbers = np.fromstring(block.replace(words, b""), dtype, sep=" ")
    except (ValueError, DeprecationWarning):
        return None
    if len(numbers) != lines * width or (kind == "i" and numbers.max(initial=0) >= LARGEST):
        return None
    return numbers.reshape(lines, width)


def _check_width(block: bytes, delimiter: str | None, width: int) -> None:
    for number, line in enumerate(block.decode("latin-1").split("\n")):
        row = line.partition("#")[0]
        if row.strip():
            found = len(QUOTED.sub("q", row).split(delimiter))
            if found != width:
                raise LineError(number, f"expected {width} columns, as in the first row, got {found}")


def _single_spaces(block: bytes) -> bytes:
    """Returns lines whose columns are separated by one space."""
    block = block.replace(b"\t", b" ")
    while b"  " in block:
        block = block.replace(b"  ", b" ")
    return block.replace(b"\n ", b"\n").replace(b" \n", b"\n").strip(b" ")


def _parse_with_numpy(block: bytes, columns: Sequence[int], delimiter: str | None) -> np.ndarray:
    try:
        numbers = _load(block.decode("latin-1"), columns, delimiter)  # any byte is a character; see below
    except ValueError as error:
        reason = re.sub(r";.*|\.$", "", _message(block, columns, delimiter, error).splitlines()[0])
        row = ROW.search(reason)
        if row is None:
            raise TableError(reason) from error
        # NumPy counts rows from 0 where a number is wrong, and from 1 where a column is missing.
        index = int(row[1]) - reason.startswith("invalid column index")
        raise LineError(_line_of(block, index), ROW.sub("", reason)) from error
    return numbers if len(numbers) else np.empty((0, len(columns)))


def _load(text: str, columns: Sequence[int], delimiter: str | None) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about blank lines
        return np.loadtxt(io.StringIO(text), delimiter=delimiter, usecols=columns, ndmin=2, quotechar='"')


def _message(block: bytes, columns: Sequence[int], delimiter: str | None, error: ValueError) -> str:
    """Returns the message of an error about a block, with the characters of UTF-8 text."""
    try:
        if not block.isascii():
            _load(block.decode("utf-8", errors="replace"), columns, delimiter)
    except ValueError as same:
        return str(same)
    return str(error)


def _line_of(block: bytes, row: int) -> int:
    """Returns the line of a row, both counted from 0."""
    lines = (number for number, line in enumerate(block.split(b"\n")) if line.partition(b"#")[0].strip(BLANK))
    return next(islice(lines, row, None), 0)
