"""Lines of Wavefront OBJ files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from conclu_pyg.io.number_table import parse_short, parse_with_arrow
from conclu_pyg.io.refusals import refused

BLOCK = 1 << 22  # bytes that are parsed at once
MAX_LINE = 1 << 24  # bytes
NEWLINE, BACKSLASH, SPACE, TAB, MINUS, SLASH = b"\n\\ \t-/"
COMMENT = re.compile(rb"#[^\n]*")
INDENT = re.compile(rb"\n[ \t]+")
MAX_DIGITS = 18  # of an int64
EQUAL_WORDS = (b"", b"/", b"//")  # a corner of a face without its digits, where all are parsed at once


class Block(NamedTuple):
    """Some lines of a file, each without white space before its first word.

    Attributes:
        data: the bytes.
        starts: the first byte of each line.
        ends: the byte behind each line, which is the start of the next.
        numbers: the number of each line in the file, from 1.

    Shapes:
        - **data:** uint8 ``[b]``, **starts, ends, numbers:** ``[l]``
    """

    data: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    numbers: np.ndarray

    def begin_with(self, word: bytes) -> np.ndarray:
        """Returns whether each line begins with a word and white space, bool ``[l]``."""
        found = self.ends - self.starts > len(word)
        for index, letter in enumerate(word):
            found[found] = self.data[self.starts[found] + index] == letter
        after = self.data[self.starts[found] + len(word)]
        found[found] = (after == SPACE) | (after == TAB)
        return found

    def text(self, lines: np.ndarray) -> bytes:
        """Returns the lines of a mask."""
        if lines.all():
            return self.data.tobytes()
        return self.data[np.repeat(lines, self.ends - self.starts)].tobytes()

    def line(self, index: int | np.integer) -> str:
        return self.data[self.starts[index] : self.ends[index]].tobytes().decode("latin-1").strip(" \t\n")


def read_blocks(file: BinaryIO, path: Path) -> Iterator[Block]:
    """Yields the lines of a file, without comments, and those that a backslash continues as one."""
    number = 1
    while block := _next_block(file, path):
        if number == 1:
            block = block.removeprefix(b"\xef\xbb\xbf")  # the UTF-8 byte order mark
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not block.endswith(b"\n"):
            block += b"\n"
        if b"#" in block:
            block = COMMENT.sub(b"", block)
        block = block.lstrip(b" \t")
        data, newlines = _find_lines(block)
        first_letters = data[newlines[:-1] + 1]
        if ((first_letters == SPACE) | (first_letters == TAB)).any():
            block = INDENT.sub(b"\n", block)
            data, newlines = _find_lines(block)
        ends, numbers = newlines + 1, np.arange(number, number + len(newlines))
        goes_on = data[newlines - 1] == BACKSLASH
        goes_on[-1] = False
        if goes_on.any():  # a statement goes on in the next line
            data = data.copy()
            data[newlines[goes_on]] = data[newlines[goes_on] - 1] = SPACE
            ends, numbers = ends[~goes_on], numbers[np.concatenate([[True], ~goes_on[:-1]])]
        yield Block(data, np.concatenate([[0], ends[:-1]]), ends, numbers)
        number += len(newlines)


def _find_lines(block: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Returns the bytes, and the places where the lines end."""
    data = np.frombuffer(block, np.uint8)
    return data, np.flatnonzero(data == NEWLINE)


def _next_block(file: BinaryIO, path: Path) -> bytes:
    """Returns the next lines, or nothing at the end of the file."""
    block = bytearray(file.read(BLOCK))  # which grows without a copy for each line
    size = len(block)
    while size >= BLOCK:
        rest = file.readline(MAX_LINE)
        block += rest
        if len(block) - size >= MAX_LINE:
            raise refused(path, f"it has a line of more than {MAX_LINE:,} bytes")
        if not rest or not block.endswith((b"\\\n", b"\\\r\n")):
            break
    return bytes(block)


def parse_faces(text: bytes) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns the numbers of the vertices of faces and how many each face has; ``None`` for other text than faces.

    Of ``1/2/3``, a vertex and its texture coordinates and normal, the first number is read.
    """
    if (numbers := _parse_equal_faces(text)) is not None:
        return numbers.reshape(-1), np.full(len(numbers), numbers.shape[1])
    if text.translate(None, b"f/0123456789- \t\n") or text.count(b"f") != text.count(b"\n"):
        return None
    data = np.frombuffer(text.replace(b"f", b" "), np.uint8).copy()
    is_gap, is_minus, is_slash = data <= SPACE, data == MINUS, data == SLASH
    edges = np.flatnonzero(is_gap[1:] != is_gap[:-1]) + 1  # the text begins and ends with a gap
    starts, ends = edges[::2], edges[1::2]
    number_ends = ends
    if is_slash.any():
        slashes = np.flatnonzero(is_slash)
        first, last = np.searchsorted(slashes, starts), np.searchsorted(slashes, ends)
        if is_slash[starts].any() or is_slash[ends - 1].any() or (last - first).max() > 2:
            return None
        number_ends = np.where(first < last, slashes[first.clip(max=len(slashes) - 1)], ends)
        steps = np.zeros(len(data), np.int8)  # 1 at a slash, -1 at the end of its word
        steps[number_ends] += 1
        steps[ends] -= 1
        data[np.cumsum(steps, dtype=np.int8).view(bool)] = SPACE
    # A minus follows a gap or a slash and precedes a digit.
    minus = np.flatnonzero(is_minus)
    if not ((is_gap | is_slash)[minus - 1] & ~(is_gap | is_slash | is_minus)[minus + 1]).all():
        return None
    if (number_ends - starts).max(initial=0) > MAX_DIGITS:
        return None
    sizes = np.diff(np.searchsorted(starts, np.flatnonzero(data == NEWLINE)), prepend=0)
    return np.fromstring(data.tobytes(), np.int64, sep=" ") if len(starts) else np.empty(0, np.int64), sizes


def _parse_equal_faces(text: bytes) -> np.ndarray | None:
    """Returns the vertices of faces that are all written alike, such as ``f 1/2/3 4/5/6 7/8/9``; ``None`` for others.

    Shapes:
        - **output:** int64 ``[faces, corners]``
    """
    signs = text.translate(None, b"0123456789")
    form = signs[: signs.find(b"\n") + 1]
    if not form.strip(b"f \n") and (short := parse_short(text, b"f", form.count(b" "), np.int64)) is not None:
        return short
    words = form.removeprefix(b"f ").rstrip(b"\n").split(b" ")
    faces = len(signs) // len(form)
    if words[0] not in EQUAL_WORDS or len(set(words)) > 1 or signs != form * faces:
        return None
    skipped = text.count(b"//") if words[0] == b"//" else 0
    if skipped not in (0, len(words) * faces):  # some corners have texture coordinates, others have none
        return None
    step = 1 + len(words[0]) - (skipped > 0)
    text = text.replace(b"//" if skipped else b"/", b" ")
    if b"  " in text or b" \n" in text:  # a number is missing
        return None
    columns = range(1, 1 + step * len(words), step)
    return parse_with_arrow(text, columns, None, 1 + step * len(words), dtype=np.int64)
