"""What a misspelt word was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest_of(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to ``word``, or None where none is near."""
    lowered = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.5)
    return lowered[matches[0]] if matches else None


def nearest(word: str, known: Iterable[str]) -> str:
    """Gives ``"; did you mean 'x'?"`` for the known word nearest to ``word``, or ``"."`` where none is near."""
    found = nearest_of(word, known)
    return "." if found is None else f"; did you mean {found!r}?"
