"""What a layout of shapes with part labels has beside the shapes."""

from __future__ import annotations

import re
from abc import abstractmethod
from pathlib import Path

from conclu_pyg.datasets.layouts.base import Layout, read_names
from conclu_pyg.datasets.layouts.part_table import PartTable
from conclu_pyg.errors import DataError

CATEGORY = re.compile(r"(\S.*?)\s+([A-Za-z0-9_-]+)")  # a name and an id, which may be a folder's name


class PartLayout(Layout):
    """A folder that holds shapes with a part label for each point.

    The split ``trainval`` has the shapes of ``train`` and those of ``val``, where there is a list of these.

    Attributes:
        names_file: the file that lists the categories.
        within_classes: whether part labels count from 1 within each class; otherwise all parts count from 0.
    """

    names_file: str
    within_classes = False

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that there are."""
        return (
            ("train", "val", "test", "trainval") if self.list_file("val").is_file() else ("train", "test", "trainval")
        )

    def lists(self, split: str) -> tuple[str, ...]:
        return tuple(name for name in self.splits if name in ("train", "val")) if split == "trainval" else (split,)

    @abstractmethod
    def list_file(self, name: str) -> Path:
        """The file that lists the shapes of one of the published splits, be it there or not."""

    def listed_parts(self) -> PartTable | None:
        """The parts of each class, where the folder lists them.

        Raises:
            DataError: the list is malformed.
        """
        return None


def read_categories(path: Path) -> dict[str, str]:
    """The categories of a file with a name and an id on each line, in their order, with the id of each.

    Raises:
        DataError: the file is missing or malformed, or lists a name or an id twice.
    """
    categories: dict[str, str] = {}
    for line in read_names(path, "the categories, each with its id"):
        match = CATEGORY.fullmatch(line)
        if match is None or match[1] in categories or match[2] in categories.values():
            raise DataError(
                f"{path} has the line {line!r:.80}; expected a category and its id, each of them once, such as "
                f"'Airplane 02691156'. Restore the file."
            )
        categories[match[1]] = match[2]
    return categories
