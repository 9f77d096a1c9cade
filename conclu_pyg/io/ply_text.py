"""Elements of PLY files in text, each on a line of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conclu_pyg.io.number_table import TableError, count_lines, read_table
from conclu_pyg.io.ply_header import AXES, Element, Lists, Property, Values, too_short
from conclu_pyg.io.refusals import mismatch, quoted

MAX_LINE = 1 << 20  # characters
BLOCK = 1 << 18  # numbers that are parsed at once


class TextReader:
    """Reads the elements of a file one after another.

    Args:
        file: the file, at its first element.
        path: its path.
        line: the number of the line of its first element, for messages.
    """

    def __init__(self, file: BinaryIO, path: Path, line: int) -> None:
        self.file, self.path, self.line = file, path, line
        self.first = file.tell()

    def read(self, element: Element, names: Sequence[str]) -> tuple[Values, Lists]:
        """Returns the properties of these names of an element, which has at least one.

        Raises:
            DataError: the file ends before, or a line holds something else.
        """
        start = self.file.tell()
        first_line = self.line + count_lines(self.file, self.first, start)
        self.file.seek(start)
        return self._read(element, names, start, first_line)

    def _read(self, element: Element, names: Sequence[str], start: int, first_line: int) -> tuple[Values, Lists]:
        counts = self._text_lengths(element)
        columns, width = {}, 0
        for each in element.properties:
            columns[each.name] = width + bool(each.count)
            width += 1 + counts[each.name] if each.count else 1
        lists = [each for each in element.properties if each.count]
        used = [columns[each.name] - 1 for each in lists]
        for name in names:
            used += range(columns[name], columns[name] + counts.get(name, 1))
        try:
            table = read_table(
                self.file,
                used or [0],
                rows=element.number,
                max_rows=element.number,
                first_line=first_line,
                width=width,
            )
        except TableError as error:
            if not lists:
                expected = f"{len(element.properties)} numbers on each line of the element {element.name!r}"
                raise mismatch(self.path, expected, str(error)) from error
            return self._read_text_lists(element, names, start)
        if len(table) != element.number:
            raise too_short(self.path, element, len(table))
        if any((table[:, index] != counts[each.name]).any() for index, each in enumerate(lists)):
            return self._read_text_lists(element, names, start)
        values: Values = {}
        found: Lists = {}
        place = len(lists)
        for name in names:
            block = table[:, place : place + counts.get(name, 1)]
            place += counts.get(name, 1)
            if name in counts:
                found[name] = (block.reshape(-1), np.full(element.number, counts[name], np.int64))
            else:
                values[name] = block[:, 0]
        return self._typed(element, values), found

    def _text_lengths(self, element: Element) -> dict[str, int]:
        """Returns the lengths of the lists of the next element in text, and leaves the file before it."""
        start, words = self.file.tell(), list[bytes]()
        while not words and (line := self.file.readline(MAX_LINE)):
            words = line.split()
        self.file.seek(start)
        lengths, place = {}, 0
        for each in element.properties:
            if each.count:
                word = words[place] if place < len(words) else b""
                if not word.isdigit() or int(word) > len(words):
                    expected = f"lines of the element {element.name!r} that begin lists with a length"
                    raise mismatch(self.path, expected, quoted(b" ".join(words)))
                lengths[each.name] = int(word)
                place += int(word)
            place += 1
        return lengths

    def _read_text_lists(self, element: Element, names: Sequence[str], start: int) -> tuple[Values, Lists]:
        """Reads an element whose lists have different lengths."""
        numbers, widths = self._read_rows(element, start)
        ends = np.cumsum(widths)
        places = ends - widths  # of the property of each row
        values, lists = Values(), Lists()
        for each in element.properties:
            self._check_rows(places < ends, element, start)
            lengths = np.ones(len(widths), np.int64)
            if each.count:
                found = numbers[places]
                places = places + 1
                self._check_rows((found >= 0) & (found <= ends - places) & (np.trunc(found) == found), element, start)
                lengths = found.astype(np.int64)
            if each.name in names:
                before = np.cumsum(lengths) - lengths
                array = numbers[np.repeat(places - before, lengths) + np.arange(int(lengths.sum()))]
                if each.count:
                    lists[each.name] = (array, lengths)
                else:
                    values[each.name] = array
            places = places + lengths
        self._check_rows(places == ends, element, start)
        return self._typed(element, values), lists

    def _read_rows(self, element: Element, start: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the numbers of all lines of an element one after another, and how many each line has."""
        words: list[bytes] = []
        parts: list[np.ndarray] = []
        widths: list[int] = []
        position = start
        for row, after in self._rows(element, start):
            words += row
            widths.append(len(row))
            position = after
            if len(words) >= BLOCK:
                parts.append(self._numbers(words, element))
                words.clear()
        parts.append(self._numbers(words, element))
        self.file.seek(position)
        return np.concatenate(parts), np.array(widths, np.int64)

    def _numbers(self, words: Sequence[bytes], element: Element) -> np.ndarray:
        expected = f"numbers on each line of the element {element.name[:40]!r}"
        try:
            numbers = read_table(io.BytesIO(b"\n".join(words)), (0,), max_rows=len(words), width=1)[:, 0]
        except TableError as error:
            reason = str(error).partition(": ")[2]
            raise mismatch(self.path, expected, reason[:80]) from error
        if len(numbers) != len(words):
            raise mismatch(self.path, expected, "a comment")
        return numbers

    def _rows(self, element: Element, start: int) -> Iterator[tuple[list[bytes], int]]:
        """Yields the words of each line of an element, and the position behind it."""
        self.file.seek(start)
        done = 0
        for line in self.file.read().splitlines(keepends=True):
            start += len(line)
            if row := line.split():
                yield row, start
                done += 1
                if done == element.number:
                    return
        raise too_short(self.path, element, done)

    def _check_rows(self, fits: np.ndarray, element: Element, start: int) -> None:
        """Rejects the first line that does not fit the properties of its element."""
        if not fits.all():
            row, _ = next(islice(self._rows(element, start), int(np.argmin(fits)), None))
            expected = f"the properties of the element {element.name[:40]!r} on each line"
            raise mismatch(self.path, expected, quoted(b" ".join(row)))

    def _typed(self, element: Element, values: Values) -> Values:
        """Returns attributes that were read from text in the types of the header; coordinates keep all their digits."""
        kinds = {each.name: each for each in element.properties}
        return {name: array if name in AXES else self._cast(array, kinds[name]) for name, array in values.items()}

    def _cast(self, values: np.ndarray, each: Property) -> np.ndarray:
        if each.kind[0] == "f":
            return values.astype(each.kind) if each.kind == "f4" and _fits_float32(values) else values
        limits = np.iinfo(each.kind)
        # The largest integers of 64 bits are rounded to the power of two above them.
        if not ((values >= limits.min) & (values < float(limits.max) + 1) & (np.trunc(values) == values)).all():
            raise mismatch(
                self.path, f"whole numbers from {limits.min} to {limits.max} for the property {each.name!r}", "others"
            )
        return values.astype(each.kind)


def _fits_float32(values: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return not (np.abs(values[np.isfinite(values)]) > np.finfo(np.float32).max).any()
