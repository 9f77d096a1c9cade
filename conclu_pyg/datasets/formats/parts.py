"""The interface of folder formats with part labels."""

from __future__ import annotations

import re
from abc import abstractmethod
from pathlib import Path

from conclu_pyg.datasets.formats.base import Format, read_names
from conclu_pyg.datasets.formats.part_table import PartTable
from conclu_pyg.errors import DataError

CATEGORY = re.compile(r"(\S.*?)\s+([A-Za-z0-9_-]+)")  # a name and an id, which is a safe folder name


class PartFormat(Format):
    """A folder that holds shapes with a part label for each point.

    The split ``trainval`` has the shapes of ``train`` and, if there is a list of them, those of ``val``.

    Attributes:
        names_file: the file that lists the categories.
        within_classes: whether part labels count from 1 within each class; otherwise all parts count from 0.
    """

    names_file: str
    within_classes = False

    @property
    def splits(self) -> tuple[str, ...]:
        """The available splits."""
        return (
            ("train", "val", "test", "trainval") if self.list_file("val").is_file() else ("train", "test", "trainval")
        )

    def lists(self, split: str) -> tuple[str, ...]:
        return tuple(name for name in self.splits if name in ("train", "val")) if split == "trainval" else (split,)

    @abstractmethod
    def list_file(self, name: str) -> Path:
        """Returns the file that lists the shapes of a published split, whether or not it exists."""

    def listed_parts(self) -> PartTable | None:
        """Returns the parts of each class if the folder lists them, or ``None``.

        Raises:
            DataError: the list is malformed.
        """
        return None


def read_categories(path: Path) -> dict[str, str]:
    """Reads a file with a category name and its id on each line; returns the id of each name, in the file's order.

    Raises:
        DataError: the file is missing or malformed, or lists a name or an id twice.
    """
    categories: dict[str, str] = {}
    for line in read_names(path, "the categories, each with its id"):
        match = CATEGORY.fullmatch(line)
        if match is None or match[1] in categories or match[2] in categories.values():
            raise DataError(
                f"{path}: expected a unique category and a unique id on each line, such as 'Airplane 02691156', got "
                f"{line!r:.80}; restore the file.",
                file=path,
                got=line,
            )
        categories[match[1]] = match[2]
    return categories
