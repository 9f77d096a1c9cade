"""The checksum in an exported ONNX file.

It is the SHA-256 of all bytes of the file, computed with zeros in place of its own digits. So it covers weights,
graph and metadata, and needs no parser of ONNX. It detects damage and later changes. It is no signature: whoever
changes a file on purpose can compute it again.
"""

from __future__ import annotations

import hashlib
import re

from conclu_pyg.errors import DataError
from conclu_pyg.onnx.metadata import PREFIX
from conclu_pyg.text import pluralize

KEY = PREFIX + "sha256"
DIGITS = 64
ZEROS = "0" * DIGITS
ENTRY = {KEY: f'"{ZEROS}"'}  # of the metadata of a model that is about to be sealed
# The entry in the file: Protocol Buffers write the text of a key, then the tag 0x12 and the length 66 of its value.
_PATTERN = re.compile(re.escape(KEY.encode()) + rb'\x12\x42"([0-9a-f]{%d})"' % DIGITS)


def seal(data: bytes) -> bytes:
    """Returns an ONNX file with its checksum in place of the one it has, such as that of :data:`ENTRY`.

    Args:
        data: the bytes of the file.

    Raises:
        DataError: the file does not have exactly one entry for the checksum.
    """
    start, end = _place(data, "the model")
    return data[:start] + _digest(data, start, end).encode() + data[end:]


def check_seal(data: bytes, source: str) -> None:
    """Check that a file has not changed since it was sealed.

    Args:
        data: the bytes of the file.
        source: the name of the file in messages.

    Raises:
        DataError: it has changed, is incomplete, or was never sealed.
    """
    start, end = _place(data, source)
    written, found = data[start:end].decode(), _digest(data, start, end)
    if written != found:
        raise DataError(
            f"{source}: expected the SHA-256 {written[:12]}..., which `conclu export` wrote into the file, got "
            f"{found[:12]}...; the file is damaged or was edited, so export the model again.",
            file=source,
            got=found,
        )


def _place(data: bytes, source: str) -> tuple[int, int]:
    """Returns where the digits begin and end."""
    found = [match.span(1) for match in _PATTERN.finditer(data)]
    if len(found) != 1:
        raise DataError(
            f"{source}: expected a whole ONNX file of `conclu export`, got one with "
            f"{pluralize(len(found), 'entry', 'entries')} {KEY}; it is incomplete, or another program wrote it, so "
            "export the model again.",
            file=source,
        )
    return found[0]


def _digest(data: bytes, start: int, end: int) -> str:
    hashed = hashlib.sha256(memoryview(data)[:start])
    hashed.update(ZEROS.encode())
    hashed.update(memoryview(data)[end:])
    return hashed.hexdigest()
