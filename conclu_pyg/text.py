"""Numbers, durations, nouns and commands in messages."""

from __future__ import annotations

import sys
from pathlib import Path


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
