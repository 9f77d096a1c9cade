"""Elements of binary PLY files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conclu_pyg.io.ply_header import Element, Lists, Values, too_short

BLOCK = 1 << 18  # elements that are read at once


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
        """Reads an element with lists: as many at once as have lists of the same lengths."""
        parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
        lengths: dict[str, list[np.ndarray]] = {name: [] for name in names}
        done, chunk = 0, BLOCK
        while done < element.number:
            place = self.file.tell()
            counts = self._list_lengths(element, done)
            record = self._record(element, counts)
            rows = np.fromfile(
                self.file, record, min(chunk, element.number - done, (self.size - place) // record.itemsize)
            )
            if not len(rows):
                raise too_short(self.path, element, done)
            same = np.ones(len(rows), bool)
            for name, count in counts.items():
                same &= rows[f"{name} length"] == count
            fitting = len(rows) if same.all() else int(np.argmin(same))
            rows = rows[:fitting]
            for name in names:
                parts[name].append(rows[name].reshape(-1).astype(rows[name].dtype.newbyteorder("=")))
                lengths[name].append(np.full(fitting, counts.get(name, 1), np.int64))
            self.file.seek(place + fitting * record.itemsize)
            done += fitting
            chunk = min(BLOCK, 2 * fitting) if fitting < len(same) else min(BLOCK, 2 * chunk)
        lists = {each.name for each in element.properties if each.count}
        values = {name: np.concatenate(arrays) for name, arrays in parts.items()}
        return (
            {name: array for name, array in values.items() if name not in lists},
            {name: (array, np.concatenate(lengths[name])) for name, array in values.items() if name in lists},
        )

    def _list_lengths(self, element: Element, done: int) -> dict[str, int]:
        """Returns the lengths of the lists of the next element, and leaves the file before it."""
        start, lengths = self.file.tell(), {}
        for each in element.properties:
            length = 1
            if each.count:
                found = np.fromfile(self.file, self.order + each.count, 1)
                if not len(found):
                    raise too_short(self.path, element, done)
                length = lengths[each.name] = int(found[0])
            size = length * np.dtype(each.kind).itemsize
            if length < 0 or size > self.size - self.file.tell():
                raise too_short(self.path, element, done)
            self.file.seek(size, 1)
        self.file.seek(start)
        return lengths

    def _record(self, element: Element, lengths: dict[str, int]) -> np.dtype:
        fields: list[tuple] = []
        for each in element.properties:
            if each.count:
                fields.append((f"{each.name} length", self.order + each.count))
                fields.append((each.name, self.order + each.kind, (lengths[each.name],)))
            else:
                fields.append((each.name, self.order + each.kind))
        return np.dtype(fields)
