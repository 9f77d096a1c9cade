"""Headers of PCD files, checked before any point is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conclu_pyg.io.refusals import decode, mismatch, quoted, too_many

HEADER_BYTES = 1 << 16
KEYS = ("VERSION", "FIELDS", "COLUMNS", "SIZE", "TYPE", "COUNT", "WIDTH", "HEIGHT", "VIEWPOINT", "POINTS", "DATA")
TYPES = {f"{kind}{size}" for kind, sizes in (("F", (4, 8)), ("I", (1, 2, 4, 8)), ("U", (1, 2, 4, 8))) for size in sizes}
ENCODINGS = ("ascii", "binary", "binary_compressed")
PADDING = "_"
NO_POSE = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]


@dataclass(frozen=True)
class PcdHeader:
    """A header whose numbers fit each other.

    Attributes:
        names: of the fields; ``_`` is padding, which several fields may be.
        kinds: the number type of each field, such as ``<f4``.
        counts: the number of values of each field in a point.
        points: the number of points.
        encoding: ``ascii``, ``binary`` or ``binary_compressed``.
        has_pose: whether the file has a viewpoint other than the origin.
        start: the position of the first point in the file.
        line: the number of the line of the first point.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    counts: tuple[int, ...]
    points: int
    encoding: str
    has_pose: bool
    start: int
    line: int

    @property
    def columns(self) -> tuple[int, ...]:
        """The first column of each field in a row of text."""
        return tuple(int(end) - count for end, count in zip(np.cumsum(self.counts), self.counts, strict=True))


def read_header(file: BinaryIO, path: Path, max_points: int) -> PcdHeader:
    """Reads the lines up to ``DATA`` and leaves the file at the first point.

    Raises:
        DataError: the header has no end, or its lines contradict each other.
    """
    values: dict[str, tuple[str, ...]] = {}
    head, start, number = file.read(HEADER_BYTES), 0, 0
    end = _line_end(head)
    while "DATA" not in values:
        line, found, _ = head[start:].partition(end)
        start += len(line) + len(found)
        number += 1
        if not found:
            raise mismatch(path, "a line 'DATA', the end of the header", f"none in the first {HEADER_BYTES:,} bytes")
        words = decode(line).partition("#")[0].split()
        if not words:
            continue
        key = words[0].upper()
        if key not in KEYS:
            raise mismatch(path, f"lines that begin with one of {', '.join(KEYS)}", quoted(line))
        if key in values:
            raise mismatch(path, f"one line {key!r}", "two")
        values[key] = tuple(words[1:])
    file.seek(start)
    return _check(values, path, max_points, start, number + 1)


def _line_end(head: bytes) -> bytes:
    """Returns the end of the first line: ``\\r`` alone, as of old Mac systems, or ``\\n``, perhaps after ``\\r``."""
    first = re.search(rb"\r\n?|\n", head)
    return b"\r" if first and first[0] == b"\r" else b"\n"


def _check(values: dict[str, tuple[str, ...]], path: Path, max_points: int, start: int, line: int) -> PcdHeader:
    names = values.get("FIELDS") or values.get("COLUMNS") or ()
    if not {*"xyz"} & {*names} and {*"XYZ"} <= {*names}:  # the coordinates in capitals
        names = tuple(name.lower() if name in {*"XYZ"} else name for name in names)
    if not names:
        raise mismatch(path, "a line 'FIELDS' with the names of the fields", "none")
    sizes, types = values.get("SIZE", ("4",) * len(names)), values.get("TYPE", ("F",) * len(names))
    counts = _numbers(values, "COUNT", path, default=(1,) * len(names))
    for key, given in (("SIZE", sizes), ("TYPE", types), ("COUNT", counts)):
        if len(given) != len(names):
            raise mismatch(path, f"a value of {key} for each of the {len(names)} fields", f"{len(given)}", argument=key)
    kinds = [f"{kind.upper()}{size}" for kind, size in zip(types, sizes, strict=True)]
    unknown = [kind for kind in kinds if kind not in TYPES]
    if unknown:
        expected = f"types and sizes among {', '.join(sorted(TYPES))}"
        raise mismatch(path, expected, quoted(unknown[0]), argument="TYPE")
    if min(counts) < 1 or sum(counts) > HEADER_BYTES:
        got = " ".join(map(str, counts))[:40]
        raise mismatch(path, f"values of COUNT from 1 to {HEADER_BYTES:,}", got, argument="COUNT")
    for axis in "xyz":
        found = [count for name, count in zip(names, counts, strict=True) if name == axis]
        if found != [1]:
            got = f"{len(found)} such fields" if len(found) != 1 else f"one of {found[0]} values"
            got += f" among {' '.join(names)[:80]!r}"
            raise mismatch(path, f"one field {axis!r} of one value", got, argument="FIELDS")
    encoding = "".join(values["DATA"]).lower()
    if encoding not in ENCODINGS:
        raise mismatch(path, f"DATA to be one of {', '.join(ENCODINGS)}", repr(encoding[:40]), argument="DATA")
    points = _num_points(values, path)
    if points > max_points:
        raise too_many(path, points, max_points)
    has_pose = "VIEWPOINT" in values and _floats(values["VIEWPOINT"], path) != NO_POSE
    return PcdHeader(
        names, tuple("<" + kind.lower() for kind in kinds), counts, points, encoding, has_pose, start, line
    )


def _num_points(values: dict[str, tuple[str, ...]], path: Path) -> int:
    """Returns the number of points, which ``POINTS`` and the product of ``WIDTH`` and ``HEIGHT`` must agree on."""
    width, height = (_numbers(values, key, path, default=()) for key in ("WIDTH", "HEIGHT"))
    product = width[0] * (height[0] if height else 1) if width else None
    points = _numbers(values, "POINTS", path, default=() if product is None else (product,))
    if not points:
        raise mismatch(path, "a line 'POINTS', or 'WIDTH' and 'HEIGHT'", "neither", argument="POINTS")
    if product is not None and product != points[0]:
        raise mismatch(path, f"POINTS to be WIDTH times HEIGHT, {product:,}", f"{points[0]:,}", argument="POINTS")
    return points[0]


def _numbers(values: dict[str, tuple[str, ...]], key: str, path: Path, default: tuple[int, ...]) -> tuple[int, ...]:
    words = values.get(key)
    if words is None:
        return default
    is_valid = all(word.isascii() and word.isdigit() and len(word) < 19 for word in words)
    if not words or not is_valid or (key != "COUNT" and len(words) > 1):
        raise mismatch(path, f"whole numbers after {key}", repr(" ".join(words)[:40]), argument=key)
    return tuple(map(int, words))


def _floats(words: tuple[str, ...], path: Path) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise mismatch(path, "numbers after VIEWPOINT", repr(" ".join(words)[:40]), argument="VIEWPOINT") from error
