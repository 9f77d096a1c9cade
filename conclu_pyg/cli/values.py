"""Types of command-line values."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from typing import Any

from conclu_pyg.suggestions import closest_match


def positive_int(text: str) -> int:
    """Returns a whole number of at least 1.

    Raises:
        ArgumentTypeError: the text is something else.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1, got {text}")
    return int(text)


def positive_float(text: str) -> float:
    """Returns a finite number above 0.

    Raises:
        ArgumentTypeError: the text is something else.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text}")
    return value


def one_of(names: Iterable[str]) -> dict[str, Any]:
    """Returns the arguments of ``add_argument`` for a value that is one of ``names``; the error of another value
    suggests the most similar name."""
    listed = list(names)

    def read(text: str) -> str:
        if text not in listed:
            meant = did_you_mean(text, listed)
            raise argparse.ArgumentTypeError(f"invalid choice: {text!r}{meant}, choose from {', '.join(listed)}")
        return text

    # The type refuses other values first, so `choices` serves the completion of shells alone.
    return {"type": read, "choices": listed, "metavar": f"{{{','.join(listed)}}}"}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns `` (did you mean '--probe'?)`` if a known word is similar, apart from the dashes."""
    bare = {option.strip("-"): option for option in known}
    near = closest_match(word.partition("=")[0].strip("-"), bare)
    return "" if near is None else f" (did you mean {bare[near]!r}?)"
