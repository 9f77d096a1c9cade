"""Types of command-line values."""

from __future__ import annotations

import argparse


def positive_int(text: str) -> int:
    """Returns a whole number of at least 1.

    Raises:
        ArgumentTypeError: the text is something else.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1, got {text}")
    return int(text)
