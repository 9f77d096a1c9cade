"""Elements of PLY files in text, each on a line of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.number_table import TableError, read_table
from conclu_pyg.io.ply_header import AXES, Element, Lists, Property, Values, refused, too_short

MAX_LINE = 1 << 20  # characters


class TextReader:
    """Reads the elements of a file one after another.

    Args:
        file: the file, at its first element.
        path: its path.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file, self.path = file, path

    def read(self, element: Element, names: Sequence[str]) -> tuple[Values, Lists]:
        """Returns the properties of these names of an element, which has at least one.

        Raises:
            DataError: the file ends before, or a line holds something else.
        """
        start = self.file.tell()
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
            table = read_table(self.file, used or [0], rows=element.number, max_rows=element.number, width=width)
        except TableError as error:
            if not lists:
                expected = f"{len(element.properties)} numbers on each line of the element {element.name!r}"
                raise self._wrong(expected, str(error)) from error
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
                    got = b" ".join(words)[:40].decode("latin-1")
                    raise self._wrong(
                        f"lines of the element {element.name!r} that begin lists with a length", repr(got)
                    )
                lengths[each.name] = int(word)
                place += int(word)
            place += 1
        return lengths

    def _read_text_lists(self, element: Element, names: Sequence[str], start: int) -> tuple[Values, Lists]:
        """Reads an element whose lists have different lengths."""
        self.file.seek(start)
        parts: dict[str, list[float]] = {name: [] for name in names}
        lengths: dict[str, list[int]] = {each.name: [] for each in element.properties if each.count}
        done = 0
        while done < element.number:
            line = self.file.readline(MAX_LINE)
            if not line:
                raise too_short(self.path, element, done)
            words = line.split()
            if not words:
                continue
            place = 0
            try:
                for each in element.properties:
                    length = 1
                    if each.count:
                        length = int(words[place])
                        lengths[each.name].append(length)
                        place += 1
                    if length < 0 or place + length > len(words):
                        raise ValueError("too few numbers")
                    if each.name in parts:
                        parts[each.name] += map(float, words[place : place + length])
                    place += length
                if place != len(words):
                    raise ValueError("too many numbers")
            except (ValueError, IndexError) as error:
                got = line[:40].decode("latin-1").strip()
                raise self._wrong(f"the properties of the element {element.name!r} on each line", repr(got)) from error
            done += 1
        values = {name: np.array(numbers) for name, numbers in parts.items() if name not in lengths}
        lists = {name: (np.array(parts[name]), np.array(lengths[name], np.int64)) for name in parts if name in lengths}
        return self._typed(element, values), lists

    def _typed(self, element: Element, values: Values) -> Values:
        """Returns attributes that were read from text in the types of the header; coordinates keep all their digits."""
        kinds = {each.name: each for each in element.properties}
        return {name: array if name in AXES else self._cast(array, kinds[name]) for name, array in values.items()}

    def _cast(self, values: np.ndarray, each: Property) -> np.ndarray:
        if each.kind[0] == "f":
            return values.astype(each.kind) if each.kind == "f4" and _fits_float32(values) else values
        limits = np.iinfo(each.kind)
        if not ((values >= limits.min) & (values <= limits.max) & (np.trunc(values) == values)).all():
            raise self._wrong(
                f"whole numbers from {limits.min} to {limits.max} for the property {each.name!r}", "others"
            )
        return values.astype(each.kind)

    def _wrong(self, expected: str, got: str) -> DataError:
        return refused(self.path, expected, got)


def _fits_float32(values: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return not (np.abs(values[np.isfinite(values)]) > np.finfo(np.float32).max).any()
