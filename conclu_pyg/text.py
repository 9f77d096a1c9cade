"""Numbers and nouns in messages."""

from __future__ import annotations


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """Returns ``1 file`` or ``1,000 files``; ``plural`` is the plural if it is irregular, as in ``2 batches``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
