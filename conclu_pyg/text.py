"""Numbers, nouns and commands in messages."""

from __future__ import annotations

import sys
from pathlib import Path


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """Returns ``1 file`` or ``1,000 files``; ``plural`` is the plural if it is irregular, as in ``2 batches``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def command(name: str) -> str:
    """Returns how to start a command from where this process was started: ``tools/train.py`` or ``conclu train``."""
    return f"tools/{name}.py" if Path(sys.argv[0]).parent.name == "tools" else f"conclu {name}"
