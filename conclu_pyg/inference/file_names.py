"""File names for clouds, whose names come from data."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

MAX_NAME = 100  # bytes; file systems allow 255, and suffixes and numbers are appended


def file_name(name: str) -> str:
    """Returns a name from data as a file name: characters other than letters, digits, ``_``, ``.`` and ``-`` become
    ``_``; it has at most 100 bytes, and is neither empty nor only dots."""
    kept = re.sub(r"[^\w.-]", "_", name).encode()[:MAX_NAME].decode(errors="ignore")
    return kept if kept.strip(".") else "cloud"


class FileNames:
    """Different file names for clouds of any names, also where upper and lower case are the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()  # in lower case
        self._numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(2))  # the next number of each name

    def keep(self, folder: Path, endings: Sequence[str]) -> None:
        """Takes the names of the files in a folder, so that no new file replaces one of them.

        Args:
            folder: the folder that files with unique names are written into.
            endings: the endings that are appended to a unique name, such as ``.ply``.
        """
        for path in folder.iterdir():
            name = path.name.casefold()
            self._taken.update(name.removesuffix(ending) for ending in endings if name.endswith(ending))

    def unique(self, name: str) -> str:
        """Returns :func:`file_name` of a name, with a number from 2 if an earlier name or a kept file has it."""
        unique = name = file_name(name)
        while unique.casefold() in self._taken:
            unique = f"{name}-{next(self._numbers[name.casefold()])}"
        self._taken.add(unique.casefold())
        return unique
