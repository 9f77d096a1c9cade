"""Elements of binary PLY files."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.ply_header import Element, Lists, Values, too_short
from conclu_pyg.io.refusals import mismatch

BLOCK = 1 << 18  # elements that are read at once
MAX_RECORD = 1 << 16  # bytes of an element that is read as a record


class BinaryReader:
    """Reads the elements of a file one after another.

    Args:
        file: the file, at its first element.
        path: its path.
        order: of the bytes, ``<`` or ``>``.
    """

    def __init__(self, file: BinaryIO, path: Path, order: str) -> None:
        self.file, self.path, self.order = file, path, order
        self.size = path.stat().st_size

    def read(self, element: Element, names: Sequence[str]) -> tuple[Values, Lists]:
        """Returns the properties of these names of an element, which has at least one.

        Raises:
            DataError: the file ends before.
        """
        return self._read_lists(element, names) if element.has_lists else (self._read_records(element, names), {})

    def _read_records(self, element: Element, names: Sequence[str]) -> Values:
        record = np.dtype([(each.name, self.order + each.kind) for each in element.properties])
        left = self.size - self.file.tell()
        if element.number * record.itemsize > left:
            raise too_short(self.path, element, left // record.itemsize)
        kinds = {each.name: each.kind for each in element.properties}
        values = {name: np.empty(element.number, kinds[name]) for name in names}
        if not names:
            self.file.seek(element.number * record.itemsize, 1)
        for start in range(0, element.number if names else 0, BLOCK):
            rows = np.fromfile(self.file, record, min(BLOCK, element.number - start))
            for name, array in values.items():
                array[start : start + len(rows)] = rows[name]
        return values

    def _read_lists(self, element: Element, names: Sequence[str]) -> tuple[Values, Lists]:
        """Reads an element with lists."""
        start = self.file.tell()
        data = self.file.read(MAX_RECORD)
        try:
            lengths = [int(each[0]) for each in self._lengths(data, element, 1)]
        except DataError:  # the first row is longer, or wrong
            found = None
        else:
            self.file.seek(start)
            found = self._read_equal_lists(element, names, lengths)
        if found is None:
            self.file.seek(start)
            found = self._read_other_lists(element, names)
        return found

    def _read_equal_lists(
        self, element: Element, names: Sequence[str], lengths: Sequence[int]
    ) -> tuple[Values, Lists] | None:
        """Reads an element whose lists are all as long as those of its first row, or returns ``None`` if one is not."""
        fields: list[tuple] = []
        for each, length in zip(element.properties, lengths, strict=True):
            fields += [(f"{each.name} length", self.order + each.count)] if each.count else []
            fields += [(each.name, self.order + each.kind, (length,) if each.count else ())]
        record = np.dtype(fields)
        if record.itemsize > MAX_RECORD or element.number * record.itemsize > self.size - self.file.tell():
            return None
        length_of = {each.name: n for each, n in zip(element.properties, lengths, strict=True) if each.count}
        kinds = {each.name: each.kind for each in element.properties}
        arrays = {name: np.empty((element.number, length_of.get(name, 1)), kinds[name]) for name in names}
        step = max(1, BLOCK // len(fields))
        for start in range(0, element.number, step):
            rows = np.fromfile(self.file, record, min(step, element.number - start))
            if any((rows[f"{name} length"] != length).any() for name, length in length_of.items()):
                return None
            for name, array in arrays.items():
                array[start : start + len(rows)] = rows[name].reshape(len(rows), -1)
        return (
            {name: array[:, 0] for name, array in arrays.items() if name not in length_of},
            {
                name: (array.reshape(-1), np.full(element.number, length_of[name], np.int64))
                for name, array in arrays.items()
                if name in length_of
            },
        )

    def _read_other_lists(self, element: Element, names: Sequence[str]) -> tuple[Values, Lists]:
        """Reads an element whose lists have different lengths."""
        start, data = self.file.tell(), self.file.read()
        lengths = self._lengths(data, element, element.number)
        values, lists = Values(), Lists()
        heads = [np.dtype(each.count).itemsize if each.count else 0 for each in element.properties]
        widths = [np.dtype(each.kind).itemsize for each in element.properties]
        sizes = [head + length * width for head, length, width in zip(heads, lengths, widths, strict=True)]
        ends = np.cumsum(np.sum(sizes, axis=0))
        places = ends - np.sum(sizes, axis=0)  # of the property of each row
        for each, head, width, length, size in zip(element.properties, heads, widths, lengths, sizes, strict=True):
            if each.name in names:
                # In this view a number begins at every byte.
                numbers = np.ndarray(max(0, len(data) - width + 1), self.order + each.kind, data, strides=(1,))
                array = numbers[_ranges(places + head, length, width)].astype(each.kind)
                if each.count:
                    lists[each.name] = (array, length)
                else:
                    values[each.name] = array
            places = places + size
        self.file.seek(start + int(ends[-1]))
        return values, lists

    def _lengths(self, data: bytes, element: Element, number: int) -> list[np.ndarray]:
        """Returns the lengths of the lists of each property in the first rows; 1 of a number.

        Shapes:
            - **output:** int64 ``[number]`` for each property

        Raises:
            DataError: the data end before, or a length is negative.
        """
        steps, skip = [], 0  # of each list the bytes before its length, the length's reader and bytes, those of a value
        for each in element.properties:
            width = np.dtype(each.kind).itemsize
            if each.count:
                code = struct.Struct(self.order + np.dtype(each.count).char)
                steps.append((skip, code.unpack_from, code.size, width))
                skip = 0
            else:
                skip += width
        found: list[list[int]] = [[] for _ in steps]
        row, place = 0, 0
        try:
            for row in range(number):
                for lengths, (before, unpack, head, width) in zip(found, steps, strict=True):
                    (length,) = unpack(data, place + before)
                    if length < 0:
                        raise mismatch(self.path, f"lengths of lists of {element.name[:40]!r}", str(length))
                    lengths.append(length)
                    place += before + head + length * width
                place += skip
                if place > len(data):
                    raise too_short(self.path, element, row)
        except (struct.error, OverflowError) as error:
            raise too_short(self.path, element, row) from error
        lists = iter(found)
        return [
            np.array(next(lists), np.int64) if each.count else np.ones(number, np.int64) for each in element.properties
        ]


def _ranges(starts: np.ndarray, lengths: np.ndarray, step: int) -> np.ndarray:
    """Returns ``start, start + step, ...`` of each start, as many as its length, one after another."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before * step, lengths) + step * np.arange(int(lengths.sum()))
