"""Headers of PLY files, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.io.refusals import decode, mismatch, quoted
from conclu_pyg.text import pluralize

HEADER_BYTES = 1 << 20
TYPES = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "float": "f4",
    "double": "f8",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "int64": "i8",
    "uint64": "u8",
    "float32": "f4",
    "float64": "f8",
}
AXES = ("x", "y", "z")
# The values of properties by name: one for each element, or those of all lists one after another, and their lengths.
Values = dict[str, np.ndarray]
Lists = dict[str, tuple[np.ndarray, np.ndarray]]
ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True)
class Property:
    """A property of an element.

    Attributes:
        name: its name.
        kind: its number type, such as ``f4``; of a list that of its values.
        count: the number type of the length of a list, or an empty string.
    """

    name: str
    kind: str
    count: str = ""


@dataclass(frozen=True)
class Element:
    """An element, such as ``vertex``.

    Attributes:
        name: its name.
        number: how many of it the file has.
        properties: in their order.
    """

    name: str
    number: int
    properties: tuple[Property, ...]

    @property
    def has_lists(self) -> bool:
        return any(each.count for each in self.properties)

    def min_bytes(self, order: str) -> int:
        """The fewest bytes of one of this element: lists are empty, and numbers in text have a digit each."""
        if not order:
            return 2 * len(self.properties)
        return sum(np.dtype(each.count or each.kind).itemsize for each in self.properties)


@dataclass(frozen=True)
class PlyHeader:
    """A header.

    Attributes:
        order: of the bytes, ``<`` or ``>``, or an empty string for text.
        elements: in the order of the file.
        start: the position behind the header.
        line: the number of the first line behind it.
    """

    order: str
    elements: tuple[Element, ...]
    start: int
    line: int


def read_header(file: BinaryIO, path: Path) -> PlyHeader:
    """Reads the lines up to ``end_header``, and leaves the file behind it.

    Raises:
        DataError: it is no PLY header, has no end, or promises more than the file can hold.
    """
    head = file.read(HEADER_BYTES)
    if head[:3] != b"ply" or head[3:4] not in (b"\n", b"\r", b" "):
        raise mismatch(path, "a first line 'ply'", quoted(head[:20]))
    end = b"\r\n" if b"\r\n" in head[:8] else b"\r" if b"\r" in head[:8] else b"\n"
    place = -1
    lines: list[str] = []
    for line in head.split(end):
        place += len(line) + len(end)
        lines.append(decode(line).strip())
        if lines[-1] == "end_header":
            break
    else:
        raise mismatch(path, "a line 'end_header'", f"none in the first {HEADER_BYTES:,} bytes")
    start = place + 1
    if start > len(head):
        raise mismatch(path, "data after the line 'end_header'", "the end of the file")
    file.seek(start)
    header = PlyHeader(_order(lines, path), _elements(lines, path), start, len(lines) + 1)
    left = path.stat().st_size - start
    needed = sum(element.number * element.min_bytes(header.order) for element in header.elements)
    if needed > left + (not header.order):  # the end of the last line may be missing
        counts = ", ".join(f"{element.number:,} {element.name[:40]!r}" for element in header.elements)
        raise mismatch(path, f"at least {needed:,} bytes for the elements of its header ({counts[:80]})", f"{left:,}")
    return header


def _order(lines: list[str], path: Path) -> str:
    formats = [line.split() for line in lines if line.split()[:1] == ["format"]]
    if len(formats) != 1 or len(formats[0]) != 3 or formats[0][1] not in ORDERS:
        got = repr(" ".join(formats[0])[:40]) if formats else "none"
        raise mismatch(path, f"one line 'format' with one of {', '.join(ORDERS)}", got)
    return ORDERS[formats[0][1]]


def _elements(lines: list[str], path: Path) -> tuple[Element, ...]:
    elements: list[Element] = []
    for line in lines[1:-1]:
        words = line.split()
        if not words or words[0] in ("comment", "obj_info", "format"):
            continue
        if (
            words[0] == "element"
            and len(words) == 3
            and words[2].isascii()
            and words[2].isdigit()
            and len(words[2]) < 19
        ):
            elements.append(Element(words[1], int(words[2]), ()))
        elif words[0] == "property" and elements and (found := _property(words)) is not None:
            last = elements[-1]
            if found.name in [each.name for each in last.properties]:
                raise mismatch(path, f"one property {found.name!r} of the element {last.name!r}", "two")
            elements[-1] = Element(last.name, last.number, (*last.properties, found))
        else:
            raise mismatch(path, "lines 'element NAME NUMBER' and 'property TYPE NAME' in its header", repr(line[:40]))
    empty = [element.name for element in elements if element.number and not element.properties]
    if empty:
        raise mismatch(path, f"properties of the element {empty[0][:40]!r}", "none")
    return tuple(elements)


def _property(words: list[str]) -> Property | None:
    if len(words) == 3 and words[1] in TYPES:
        return Property(words[2], TYPES[words[1]])
    is_list = len(words) == 5 and words[1] == "list" and words[2] in TYPES and words[3] in TYPES
    if is_list and TYPES[words[2]][0] in "iu":
        return Property(words[4], TYPES[words[3]], TYPES[words[2]])
    return None


def too_short(path: Path, element: Element, found: int) -> DataError:
    """Returns the error about a file that ends before the last one of an element."""
    expected = f"{pluralize(element.number, 'record')} of the element {element.name[:40]!r}, as its header says"
    return mismatch(path, expected, found, expected=f"{element.number} {element.name}")
