"""The interface of folder formats: the ways in which data sets of shapes are published."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conclu_pyg.data.clean import RawCloud
from conclu_pyg.errors import DataError

SPLITS = ("train", "test")
MAX_JSON_BYTES = 1 << 27  # lists of names have 1 MB at most


@dataclass(frozen=True)
class FormatOptions:
    """Options of a data set that its format handles.

    Args:
        variant: the number of classes, 10 or 40, if the folder lists the shapes of both (default: the larger).
        allow_missing: whether listed files may be missing.
    """

    variant: int | None = None
    allow_missing: bool = False


class Format(ABC):
    """A folder that holds shapes in a certain format.

    Args:
        folder: a folder for which :meth:`matches` is true.
        options: the user's options.

    Attributes:
        title: the name of the format in messages and in the key of the cache.
        expects: the files that :meth:`matches` looks for, as words in a sentence.
        classes: the name of each class, by label.
        up_axis: the coordinate that points up: 0, 1 or 2.

    Raises:
        DataError: the files that describe the folder are missing or malformed.
    """

    title: str
    expects: str
    classes: list[str]
    up_axis: int

    def __init__(self, folder: Path, options: FormatOptions) -> None:
        self.folder = folder
        self.options = options

    @classmethod
    @abstractmethod
    def matches(cls, folder: Path) -> bool:
        """Returns whether ``folder`` looks like this format; reads only names."""

    @abstractmethod
    def files(self, split: str) -> list[Path]:
        """Returns every file that the clouds of ``split`` depend on."""

    @abstractmethod
    def count(self, split: str) -> int:
        """Returns the number of clouds that :meth:`read` yields."""

    @abstractmethod
    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        """Yields the clouds of ``split``.

        Args:
            split: ``train``, ``test`` or another split of the format.
            num_points: points to sample if the files hold surfaces; of clouds, all points are returned.
            seed: the seed of that sampling.
        """

    def lists(self, split: str) -> tuple[str, ...]:
        """Returns the published lists that ``split`` consists of: the one of its name, unless several are joined."""
        return (split,)

    def notices(self, split: str) -> list[str]:
        """Returns notices to the user about ``split``, one sentence each."""
        return []

    def clear_lists(self) -> None:
        """Forgets the lists of files that the methods cached: of very many files they take much memory."""
        for value in vars(self).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def check_missing(listing: str, there: int, missing: list[Path], allow_missing: bool) -> None:
    """Rejects a list of shapes if files are missing.

    Args:
        listing: the list, for the message.
        there: the number of listed shapes whose files exist.
        missing: the listed files that do not exist.
        allow_missing: whether files may be missing, as long as some exist.

    Raises:
        DataError: files are missing and may not be, or none exists.
    """
    if not there or (missing and not allow_missing):
        hint = ", or use the others by dataset.allow_missing=true" if there else ""
        raise DataError(
            f"{listing} lists {there + len(missing):,} shapes, but {len(missing):,} of their files are missing (the "
            f"first: {missing[0]}); restore them{hint}.",
            file=listing,
            got=len(missing),
        )


def missing_notices(folder: Path, split: str, there: int, missing: list[Path]) -> list[str]:
    """Returns a notice about the files that :func:`check_missing` accepted as missing, if there are any."""
    if not missing:
        return []
    return [
        f"{folder}: {len(missing):,} of {there + len(missing):,} listed files of the split {split!r} are missing and "
        f"were skipped because of dataset.allow_missing (the first: {missing[0].name})."
    ]


def read_json(path: Path, purpose: str, hint: str = "restore it") -> Any:
    """Reads a JSON file.

    Args:
        path: the file.
        purpose: the content of the list, for messages.
        hint: what to do about a broken file, for messages.

    Raises:
        DataError: the file is missing, too large or not JSON.
    """
    try:
        size = path.stat().st_size
        if size > MAX_JSON_BYTES:
            raise DataError(
                f"{path} has {size:,} bytes, more than the maximum of {MAX_JSON_BYTES:,}; {hint}.", file=path
            )
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"there is no {path}, which should list {purpose}; {hint}.", file=path) from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path}, which should list {purpose}, is not a JSON file ({error}); {hint}.", file=path
        ) from error


def read_names(path: Path, purpose: str) -> list[str]:
    """Reads the lines of a small text file, without blank ones.

    Args:
        path: the file.
        purpose: the content of the list, for messages.

    Raises:
        DataError: the file is missing, empty or not text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(
            f"there is no {path}, which should list {purpose}, one per line; restore it.", file=path
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}, which should list {purpose}, cannot be read: {error}.", file=path) from error
    names = [line.strip() for line in text.splitlines() if line.strip()]
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise DataError(f"{path} lists {repeated[0]!r} more than once; remove the repetitions.", file=path)
    if not names:
        raise DataError(f"{path} is empty, but should list {purpose}, one per line; restore it.", file=path)
    return names
