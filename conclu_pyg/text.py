"""Numbers, durations, nouns, commands and names of users in messages and tables."""

from __future__ import annotations

import re
import sys
from pathlib import Path

# Characters that move the cursor, change the terminal or the direction of text, end a line, or are bytes of a file name
# that are no UTF-8 (as Python's surrogates).
UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
FORMULA = ("=", "+", "-", "@")  # signs with which spreadsheets begin a formula; tab and CR are escaped
NUMBERS = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?( [-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?)*")


def printable(text: object) -> str:
    """Returns a text, such as a path, on one line and with control characters and bytes that are no UTF-8 escaped:
    ``scan\\x1b[2J.ply``, ``caf\\xe9.ply``. Escaping it again changes nothing."""
    return UNPRINTABLE.sub(_escape, str(text))


def _escape(match: re.Match[str]) -> str:
    sign, code = match[0], ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # the byte code - 0xDC00, see os.fsdecode()
        code -= 0xDC00
    return ESCAPES.get(sign) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def to_cell(value: object) -> object:
    """Returns a value for a cell of a CSV file: a text is printable, and begins with ``'`` if a spreadsheet would run
    it as a formula. Numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(FORMULA) and not NUMBERS.fullmatch(text) else text


def from_cell(text: str) -> str:
    """Returns the text of a cell that :func:`to_cell` made."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """Returns ``1 file`` or ``1,000 files``; ``plural`` is the plural if it is irregular, as in ``2 batches``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def format_duration(seconds: float) -> str:
    """Returns ``40 s``, ``3 min``, ``2 h 10 min`` or ``3 d 4 h``."""
    minutes = round(seconds / 60)
    hours = round(minutes / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def command(name: str) -> str:
    """Returns how to start a command from where this process was started: ``tools/train.py`` or ``conclu train``."""
    return f"tools/{name}.py" if Path(sys.argv[0]).parent.name == "tools" else f"conclu {name}"
