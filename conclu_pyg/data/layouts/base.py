"""What a layout is: one way in which a data set of shapes lies in a folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from conclu_pyg.errors import DataError

SPLITS = ("train", "test")


@dataclass(frozen=True)
class RawCloud:
    """A cloud as its file holds it.

    Args:
        points: the coordinates, unchecked, in any number type.
        label: the class, an index into the layout's ``classes``.
        name: what the shape is called, such as ``chair/chair_0001``.
        source: what to call it in messages: its file, and its place therein.
        repairs: what was mended while it was read.

    Shapes:
        - **points:** ``[m, 3]``
    """

    points: np.ndarray
    label: int
    name: str
    source: str
    repairs: list[str] = field(default_factory=list)


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
        vertical_axis: which coordinate points up: 0, 1 or 2.

    Raises:
        DataError: the files that describe the folder are missing or malformed.
    """

    title: str
    expects: str
    classes: list[str]
    vertical_axis: int

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
            split: ``train`` or ``test``.
            num_points: how many points to sample where the files hold surfaces; points in files are all given.
            seed: the seed of that sampling.
        """

    def notices(self, split: str) -> list[str]:
        """What the user should know about ``split``, a sentence each."""
        return []


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
