"""Spelling suggestions."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest_match(word: str, known: Iterable[str]) -> str | None:
    """Return the known word closest to ``word`` in any case, or ``None`` if none is similar."""
    lowered = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.5)
    return lowered[matches[0]] if matches else None


def suggest(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about ``word``: ``"; did you mean 'x'?"`` for the closest known word, or ``"."``."""
    found = closest_match(word, known)
    return "." if found is None else f"; did you mean {found!r}?"
