"""What a layout is: one way in which a data set of shapes lies in a folder."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import DataError

SPLITS = ("train", "test")
MAX_JSON_BYTES = 1 << 27  # lists of names have 1 MB at most


@dataclass(frozen=True)
class RawCloud:
    """A cloud as its file holds it.

    Args:
        points: the coordinates, unchecked, in any number type.
        label: the class, an index into the layout's ``classes``.
        name: what the shape is called, such as ``chair/chair_0001``.
        source: what to call it in messages: its file, and its place therein.
        repairs: what was mended while it was read.
        part: the part of each point, unchecked, in any number type (default: the data set has no parts).

    Shapes:
        - **points:** ``[m, 3]``, **part:** ``[m]``
    """

    points: np.ndarray
    label: int
    name: str
    source: str
    repairs: list[str] = field(default_factory=list)
    part: np.ndarray | None = None


@dataclass(frozen=True)
class LayoutOptions:
    """What the user of a data set may ask of a layout.

    Args:
        variant: which of several lists of shapes, 10 or 40 for the number of classes (default: the larger).
        allow_missing: whether listed files may be missing.
    """

    variant: int | None = None
    allow_missing: bool = False


class Layout(ABC):
    """A folder that holds shapes in a certain layout.

    Args:
        folder: a folder for which :meth:`matches` is true.
        options: what was asked for.

    Attributes:
        title: what the layout is called in messages and in the key of the cache.
        expects: what :meth:`matches` looks for, as words in a sentence.
        classes: the name of each class, by label.
        up_axis: which coordinate points up: 0, 1 or 2.

    Raises:
        DataError: the files that describe the folder are missing or malformed.
    """

    title: str
    expects: str
    classes: list[str]
    up_axis: int

    def __init__(self, folder: Path, options: LayoutOptions) -> None:
        self.folder = folder
        self.options = options

    @classmethod
    @abstractmethod
    def matches(cls, folder: Path) -> bool:
        """Whether ``folder`` looks like this layout; reads no more than names."""

    @abstractmethod
    def files(self, split: str) -> list[Path]:
        """Every file that the clouds of ``split`` depend on."""

    @abstractmethod
    def count(self, split: str) -> int:
        """How many clouds :meth:`read` gives."""

    @abstractmethod
    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        """Reads the clouds of ``split`` one by one.

        Args:
            split: ``train``, ``test`` or another of the layout's splits.
            num_points: how many points to sample where the files hold surfaces; points in files are all given.
            seed: the seed of that sampling.
        """

    def lists(self, split: str) -> tuple[str, ...]:
        """The published lists whose shapes ``split`` has: the one of its name, unless a layout joins several."""
        return (split,)

    def notices(self, split: str) -> list[str]:
        """What the user should know about ``split``, a sentence each."""
        return []


def check_missing(listing: str, there: int, missing: list[Path], allow_missing: bool) -> None:
    """Refuses a list of shapes whose files are not there, or of which none is.

    Raises:
        DataError: files are missing and may not be, or none is there.
    """
    if not there or (missing and not allow_missing):
        hint = ", or use what is there by dataset.allow_missing=true" if there else ""
        raise DataError(
            f"{listing} lists {there + len(missing):,} shapes, but {len(missing):,} of their files are missing, "
            f"{missing[0]} the first; restore them{hint}."
        )


def missing_notices(folder: Path, split: str, there: int, missing: list[Path]) -> list[str]:
    """Says how many listed files were left out, where :func:`check_missing` let them be."""
    if not missing:
        return []
    return [
        f"{folder}: {len(missing):,} of {there + len(missing):,} listed files of the split {split!r} are missing and "
        f"were left out, as dataset.allow_missing says (the first: {missing[0].name})."
    ]


def read_json(path: Path, purpose: str, remedy: str = "restore it") -> Any:
    """The content of a JSON file.

    Args:
        path: the file.
        purpose: what the file lists, for messages.
        remedy: what can be done about a broken one, for messages.

    Raises:
        DataError: the file is missing, too large or not JSON.
    """
    try:
        size = path.stat().st_size
        if size > MAX_JSON_BYTES:
            raise DataError(f"{path} has {size:,} bytes, more than the {MAX_JSON_BYTES:,} of any list; {remedy}.")
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"there is no {path}, which should list {purpose}; {remedy}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}, which should list {purpose}, is not a JSON file ({error}); {remedy}.") from error


def read_names(path: Path, purpose: str) -> list[str]:
    """The lines of a small text file, without blank ones.

    Args:
        path: the file.
        purpose: what the file lists, for messages.

    Raises:
        DataError: the file is missing, empty or not text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"there is no {path}, which should list {purpose}, one per line; restore it.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}, which should list {purpose}, cannot be read: {error}.") from error
    names = [line.strip() for line in text.splitlines() if line.strip()]
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise DataError(f"{path} lists {repeated[0]!r} more than once; take the repetitions out.")
    if not names:
        raise DataError(f"{path} is empty, but should list {purpose}, one per line; restore it.")
    return names
