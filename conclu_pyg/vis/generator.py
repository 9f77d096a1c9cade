"""The mark of the HTML pages that this package writes."""

from __future__ import annotations

from pathlib import Path

GENERATOR = '<meta name="generator" content="conclu_pyg">'
HEAD = 1024  # bytes at the start of a page, which contain the mark


def is_own_page(path: Path) -> bool:
    """Returns whether a file is an HTML page of this package.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return GENERATOR.encode() in file.read(HEAD)
